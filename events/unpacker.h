// What generated UnpackFields functions (one per table) are written with: a method for each sort of
// field. Whatever `out` held before, afterwards it holds what the bytes say; memory is used again.
// Not for several threads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "events/any_table.h"
#include "events/basic_types.h"
#include "events/boxed.h"
#include "events/buffer_reader.h"
#include "events/codec.h"

namespace sluice {

// Reads one buffer.
class Unpacker : public BufferReader {
 public:
  // `payloads` is how many payloads the buffer lies within.
  Unpacker(std::string_view bytes, UnpackLimits* limits, int payloads)
      : BufferReader(bytes, limits), payloads_(payloads) {}

  bool Root(const Type& type, void* out) {
    if (payloads_ > kPayloadDepthMax) return Fail("nested too deeply");
    if (bytes_.size() < sizeof(uint32_t)) return Fail("too short");
    return type.ops.unpack(*this, Load<uint32_t>(0), out);
  }

  // The table at `at`.
  template <class T>
  bool Table(size_t at, T* out) {
    if (depth_ > kTableDepthMax) return Fail("nested too deeply");
    PackedTable view;
    if (!OpenTable(at, &view)) return false;
    ++depth_;
    const bool good = UnpackFields(*this, view, out);
    --depth_;
    return good;
  }

  // For a fold: what (not_folded) marks is left out.
  bool folds() const { return limits_.folds; }
  template <class T>
  bool Leave(T* out) {
    *out = T{};
    return true;
  }
  bool Leave(std::string* out) {
    out->clear();
    return true;
  }
  // Its bytes are noted, the first such payload's.
  bool LeaveAny(const PackedTable& view, uint16_t id, AnyTable* out);

  // --- Fields. False: not as it should be; the limits say why and where.

  template <class T>
  SLUICE_READ_INLINE bool Number(const PackedTable& view, uint16_t id, T* out, T absent) {
    static_assert(!std::is_same_v<T, bool> && !std::is_enum_v<T>);
    size_t at = 0;
    if (!Slot(view, id, sizeof(T), &at)) return FailAt(id);
    *out = at == 0 ? absent : Load<T>(at);
    return true;
  }
  SLUICE_READ_INLINE bool Boolean(const PackedTable& view, uint16_t id, bool* out, bool absent) {
    size_t at = 0;
    if (!Slot(view, id, 1, &at)) return FailAt(id);
    *out = at == 0 ? absent : Load<uint8_t>(at) != 0;
    return true;
  }
  template <class E>
  SLUICE_READ_INLINE bool Enum(const PackedTable& view, uint16_t id, E* out, E absent) {
    size_t at = 0;
    if (!Slot(view, id, sizeof(E), &at)) return FailAt(id);
    if (at == 0) {
      *out = absent;
      return true;
    }
    return Enumerator(at, out) || FailAt(id);
  }
  template <class T>
  bool OptionalNumber(const PackedTable& view, uint16_t id, std::optional<T>* out) {
    size_t at = 0;
    if (!Slot(view, id, sizeof(T), &at)) return FailAt(id);
    if (at == 0) {
      out->reset();
    } else if constexpr (std::is_same_v<T, bool>) {
      *out = Load<uint8_t>(at) != 0;
    } else if constexpr (std::is_enum_v<T>) {
      return Enumerator(at, &out->emplace()) || FailAt(id);
    } else {
      *out = Load<T>(at);
    }
    return true;
  }
  SLUICE_READ_INLINE bool Text(const PackedTable& view, uint16_t id, std::string* out) {
    size_t at = 0;
    std::string_view text;
    if (!Child(view, id, &at)) return FailAt(id);
    if (at == 0) {
      out->clear();
      return true;
    }
    if (!StringView(at, &text)) return FailAt(id);
    // What is read again and again is often as long as before.
    if (text.size() == out->size()) {
      std::memcpy(out->data(), text.data(), text.size());
    } else {
      out->assign(text);
    }
    return true;
  }
  bool Octets(const PackedTable& view, uint16_t id, Bytes* out) {
    size_t at = 0;
    std::string_view octets;
    if (!Child(view, id, &at)) return FailAt(id);
    if (at != 0 && (!BytesView(at, &octets) || !Visit(octets.size()))) return FailAt(id);
    out->assign(octets);
    return true;
  }
  bool Hash(const PackedTable& view, uint16_t id, Hash128* out) {
    size_t at = 0;
    std::string_view octets;
    if (!Child(view, id, &at)) return FailAt(id);
    *out = Hash128{};
    if (at == 0) return true;
    if (!BytesView(at, &octets)) return FailAt(id);
    if (octets.size() != 16) return Fail("hash is not 16 bytes") || FailAt(id);
    *out = Hash128FromBytes(octets);
    return true;
  }
  template <class T>
  bool OptionalTable(const PackedTable& view, uint16_t id, std::optional<T>* out) {
    size_t at = 0;
    if (!Child(view, id, &at)) return FailAt(id);
    if (at == 0) {
      out->reset();
      return true;
    }
    if (!out->has_value()) out->emplace();
    return Table(at, &**out) || FailAt(id);
  }
  template <class T>
  bool ValueTable(const PackedTable& view, uint16_t id, T* out) {
    size_t at = 0;
    if (!Child(view, id, &at)) return FailAt(id);
    if (at == 0) {
      *out = T{};
      return true;
    }
    return Table(at, out) || FailAt(id);
  }
  template <class T>
  bool OptionalTable(const PackedTable& view, uint16_t id, BoxedOptional<T>* out) {
    size_t at = 0;
    if (!Child(view, id, &at)) return FailAt(id);
    if (at == 0) {
      out->reset();
      return true;
    }
    return Table(at, &out->Overwrite()) || FailAt(id);
  }
  template <class T>
  bool ValueTable(const PackedTable& view, uint16_t id, Boxed<T>* out) {
    size_t at = 0;
    if (!Child(view, id, &at)) return FailAt(id);
    if (at == 0) {
      out->Reset();
      return true;
    }
    return Table(at, &out->Overwrite()) || FailAt(id);
  }
  bool Any(const PackedTable& view, uint16_t id, AnyTable* out);
  bool Map(const PackedTable& view, uint16_t id, std::map<std::string, std::string>* out);
  template <class T>
  bool Numbers(const PackedTable& view, uint16_t id, std::vector<T>* out) {
    size_t at = 0;
    size_t count = 0;
    if (!Children(view, id, sizeof(T), &at, &count)) return FailAt(id);
    out->resize(count);
    for (size_t i = 0; i < count; ++i, at += sizeof(T)) {
      if constexpr (std::is_enum_v<T>) {
        if (!Enumerator(at, &(*out)[i])) return FailAt(id);
      } else {
        (*out)[i] = Load<T>(at);
      }
    }
    return true;
  }
  bool Texts(const PackedTable& view, uint16_t id, std::vector<std::string>* out);
  template <class T>
  bool Tables(const PackedTable& view, uint16_t id, std::vector<T>* out) {
    size_t at = 0;
    size_t count = 0;
    if (!Children(view, id, sizeof(uint32_t), &at, &count)) return FailAt(id);
    out->resize(count);
    for (size_t i = 0; i < count; ++i, at += sizeof(uint32_t)) {
      size_t target = 0;
      if (!Follow(at, &target) || !Table(target, &(*out)[i])) return FailAt(id);
    }
    return true;
  }
  bool Anys(const PackedTable& view, uint16_t id, std::vector<AnyTable>* out);

  // The end of a table that is not as it should be: names the field, once.
  bool FailIn(const Type& type);

 private:
  // Type and content of an Any table; views into the buffer.
  bool AnyView(size_t at, std::string_view* name, std::string_view* data);
  bool AnyAt(size_t at, AnyTable* out);

  // Where field `id` points; 0 when it is absent.
  SLUICE_READ_INLINE bool Child(const PackedTable& view, uint16_t id, size_t* at) {
    size_t slot = 0;
    *at = 0;
    return Slot(view, id, sizeof(uint32_t), &slot) && (slot == 0 || Follow(slot, at));
  }
  // The first of `count` elements; none when the field is absent.
  SLUICE_READ_INLINE bool Children(const PackedTable& view, uint16_t id, size_t width, size_t* at,
                                   size_t* count) {
    if (!Child(view, id, at)) return false;
    if (*at == 0) return true;
    if (!Length(*at, width, count) || !Visit(*count * width)) return false;
    *at += sizeof(uint32_t);
    return true;
  }
  template <class E>
  SLUICE_READ_INLINE bool Enumerator(size_t at, E* out) {
    const E value = static_cast<E>(Load<std::underlying_type_t<E>>(at));
    if (EnumInfoOf<E>().Find(static_cast<int64_t>(value)) == nullptr) {
      return Fail("unknown enumerator");
    }
    *out = value;
    return true;
  }
  SLUICE_READ_COLD bool FailAt(uint16_t id) {
    if (limits_.field == nullptr && !limits_.field_id) limits_.field_id = id;
    return false;
  }

  const int payloads_;
  int depth_ = 0;
};

}  // namespace sluice
