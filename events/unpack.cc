#include <cstring>
#include <map>

#include "events/any_table.h"
#include "events/codec.h"
#include "events/scalar.h"

namespace sluice {
namespace {

constexpr int kDepthMax = 64;
// What a buffer may expand to: offsets may point at the same bytes again and again.
constexpr size_t kExpansionBase = 1 << 20;
constexpr size_t kExpansionFactor = 32;

// What all payloads within one buffer share.
struct Limits {
  size_t budget;
  // The first thing found wrong; static text and names, so that no success pays for it.
  const char* what = nullptr;
  const Type* type = nullptr;
  const Field* field = nullptr;
};

// Reads one buffer. Positions are offsets into it, always checked before use.
class Unpacker {
 public:
  Unpacker(std::string_view bytes, Limits* limits) : bytes_(bytes), limits_(*limits) {}

  bool Root(const Type& type, void* out, int depth) {
    if (bytes_.size() < sizeof(uint32_t)) return Fail("too short");
    return Table(type, Load<uint32_t>(0), out, depth);
  }

 private:
  // A table whose own size and vtable lie within the buffer.
  struct TableView {
    size_t at;
    size_t size;
    size_t vtable;
    size_t vtable_size;
  };

  template <class T>
  T Load(size_t at) const {
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }

  bool Fits(size_t at, size_t size) const {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  }

  bool Fail(const char* what) {
    if (limits_.what == nullptr) limits_.what = what;
    return false;
  }

  bool Spend(size_t bytes) {
    if (bytes > limits_.budget) return Fail("expands too far");
    limits_.budget -= bytes;
    return true;
  }

  bool OpenTable(size_t at, TableView* view) {
    if (!Fits(at, sizeof(int32_t))) return Fail("table out of bounds");
    const int64_t vtable = static_cast<int64_t>(at) - Load<int32_t>(at);
    if (vtable < 0 || !Fits(static_cast<size_t>(vtable), 4)) return Fail("vtable out of bounds");
    view->at = at;
    view->vtable = static_cast<size_t>(vtable);
    view->vtable_size = Load<uint16_t>(view->vtable);
    view->size = Load<uint16_t>(view->vtable + 2);
    if (view->vtable_size < 4 || view->vtable_size % 2 != 0 ||
        !Fits(view->vtable, view->vtable_size)) {
      return Fail("bad vtable");
    }
    if (view->size < 4 || !Fits(at, view->size)) return Fail("table out of bounds");
    return true;
  }

  // Where field `id` is, or 0 when it is absent.
  bool Slot(const TableView& view, uint16_t id, size_t width, size_t* at) {
    *at = 0;
    const size_t slot = 4 + 2 * size_t{id};
    if (slot >= view.vtable_size) return true;
    const size_t offset = Load<uint16_t>(view.vtable + slot);
    if (offset == 0) return true;
    if (offset < 4 || offset + width > view.size) return Fail("field out of bounds");
    *at = view.at + offset;
    return true;
  }

  bool Follow(size_t at, size_t* target) {
    const size_t offset = Load<uint32_t>(at);
    *target = at + offset;
    return offset != 0 && Fits(*target, sizeof(uint32_t)) ? true : Fail("offset out of bounds");
  }

  bool Table(const Type& type, size_t at, void* out, int depth) {
    if (depth > kDepthMax) return Fail("nested too deeply");
    TableView view;
    if (!OpenTable(at, &view) || !Spend(type.ops.size)) return false;
    for (const Field& field : type.fields) {
      const size_t slot = view.vtable + 4 + 2 * size_t{field.id};
      if (slot >= view.vtable + view.vtable_size) break;  // Ids ascend: no later one is there.
      const size_t offset = Load<uint16_t>(slot);
      if (offset == 0) continue;
      const bool number = field.shape == Shape::kScalar || field.shape == Shape::kOptionalScalar;
      const size_t width = number ? WidthOf(field.scalar) : sizeof(uint32_t);
      const bool good = offset >= 4 && offset + width <= view.size
                            ? (number ? Number(field, at + offset, field.In(out))
                                      : Child(field, at + offset, out, depth))
                            : Fail("field out of bounds");
      if (!good) [[unlikely]]
        return FailIn(type, field);
    }
    return true;
  }

  bool FailIn(const Type& type, const Field& field) {
    if (limits_.field == nullptr) {
      limits_.type = &type;
      limits_.field = &field;
    }
    return false;
  }

  bool Number(const Field& field, size_t at, void* out) {
    if (field.shape == Shape::kOptionalScalar) out = field.optional->emplace(out);
    if (field.scalar == Scalar::kBool || field.enum_info != nullptr) {
      return Scalars(field, at, 1, out);
    }
    switch (WidthOf(field.scalar)) {
      case 1:
        return Copy<uint8_t>(at, out);
      case 2:
        return Copy<uint16_t>(at, out);
      case 4:
        return Copy<uint32_t>(at, out);
      case 8:
        return Copy<uint64_t>(at, out);
    }
    Unreachable();
  }

  template <class T>
  bool Copy(size_t at, void* out) const {
    std::memcpy(out, bytes_.data() + at, sizeof(T));
    return true;
  }

  // `count` numbers side by side.
  bool Scalars(const Field& field, size_t at, size_t count, void* out) {
    const size_t width = WidthOf(field.scalar);
    std::memcpy(out, bytes_.data() + at, count * width);
    if (field.scalar != Scalar::kBool && field.enum_info == nullptr) return true;
    auto* value = static_cast<char*>(out);
    for (size_t i = 0; i < count; ++i, value += width) {
      // Not through LoadScalar of a bool: any byte but 0 and 1 would be undefined in one.
      if (field.scalar == Scalar::kBool) {
        *value = *value != 0 ? 1 : 0;
      } else if (field.enum_info->Find(static_cast<int64_t>(LoadScalar(field.scalar, value))) ==
                 nullptr) {
        std::memset(out, 0, count * width);
        return Fail("unknown enumerator");
      }
    }
    return true;
  }

  bool Child(const Field& field, size_t slot, void* object, int depth) {
    size_t at = 0;
    if (!Follow(slot, &at)) return false;
    void* out = field.In(object);
    switch (field.shape) {
      case Shape::kScalar:
      case Shape::kOptionalScalar:
        break;
      case Shape::kString:
      case Shape::kJson:
        return String(at, static_cast<std::string*>(out));
      case Shape::kBytes:
        return Bytes_(at, static_cast<std::string*>(out));
      case Shape::kHash128:
        return Hash(at, static_cast<Hash128*>(out));
      case Shape::kTable:
        return Table(*field.table, at, field.optional->emplace(out), depth + 1);
      case Shape::kValueTable:
        return Table(*field.table, at, out, depth + 1);
      case Shape::kAny:
        return Any(at, static_cast<AnyTable*>(out), depth);
      case Shape::kMap:
        return Map(at, static_cast<std::map<std::string, std::string>*>(out));
      case Shape::kScalarVector:
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return Vector(field, at, out, depth);
    }
    Unreachable();
  }

  // The `count` elements of `width` bytes behind the length at `at`.
  bool Length(size_t at, size_t width, size_t* count) {
    *count = Load<uint32_t>(at);
    if (*count > bytes_.size() / width || !Fits(at + 4, *count * width)) {
      return Fail("length out of bounds");
    }
    return true;
  }

  bool StringView(size_t at, std::string_view* out) {
    size_t size = 0;
    if (!Length(at, 1, &size)) return false;
    if (!Fits(at + 4 + size, 1) || bytes_[at + 4 + size] != '\0') {
      return Fail("string without its end");
    }
    *out = bytes_.substr(at + 4, size);
    return Spend(size + sizeof(std::string));
  }

  bool String(size_t at, std::string* out) {
    std::string_view view;
    if (!StringView(at, &view)) return false;
    out->assign(view);
    return true;
  }

  bool BytesView(size_t at, std::string_view* out) {
    size_t size = 0;
    if (!Length(at, 1, &size)) return false;
    *out = bytes_.substr(at + 4, size);
    return Spend(size);
  }

  bool Bytes_(size_t at, std::string* out) {
    std::string_view view;
    if (!BytesView(at, &view)) return false;
    out->assign(view);
    return true;
  }

  bool Hash(size_t at, Hash128* out) {
    std::string_view view;
    if (!BytesView(at, &view)) return false;
    if (view.size() != 16) return Fail("hash is not 16 bytes");
    *out = Hash128FromBytes(view);
    return true;
  }

  // The tables `Any` {type: string; data: [ubyte]} and `KeyValue` {key: string; value: string}
  // are read by hand: no generated struct stands for them.
  bool ChildOfPair(const TableView& view, uint16_t id, size_t* at) {
    size_t slot = 0;
    *at = 0;
    return Slot(view, id, sizeof(uint32_t), &slot) && (slot == 0 || Follow(slot, at));
  }

  bool Any(size_t at, AnyTable* out, int depth) {
    if (depth >= kDepthMax) return Fail("nested too deeply");
    TableView view;
    size_t name_at = 0;
    size_t data_at = 0;
    std::string_view name;
    std::string_view data;
    if (!OpenTable(at, &view) || !ChildOfPair(view, 0, &name_at) ||
        !ChildOfPair(view, 1, &data_at) || (name_at != 0 && !StringView(name_at, &name)) ||
        (data_at != 0 && !BytesView(data_at, &data))) {
      return false;
    }
    if (name.empty()) return data.empty() ? true : Fail("payload without a type");
    const Type* type = FindType(name);
    if (type == nullptr) {
      *out = AnyTable::Unknown(name, data);
      return true;
    }
    void* table = nullptr;
    *out = AnyTable::Make(*type, &table);
    if (data.empty()) return true;  // Nothing set.
    return Unpacker(data, &limits_).Root(*type, table, depth + 1);
  }

  bool Map(size_t at, std::map<std::string, std::string>* out) {
    size_t count = 0;
    if (!Length(at, sizeof(uint32_t), &count)) return false;
    for (size_t i = 0; i < count; ++i) {
      size_t pair = 0;
      TableView view;
      size_t key_at = 0;
      size_t value_at = 0;
      std::string_view key;
      std::string_view value;
      if (!Follow(at + 4 + 4 * i, &pair) || !OpenTable(pair, &view) ||
          !ChildOfPair(view, 0, &key_at) || !ChildOfPair(view, 1, &value_at) ||
          (key_at != 0 && !StringView(key_at, &key)) ||
          (value_at != 0 && !StringView(value_at, &value)) || !Spend(64)) {
        return false;
      }
      const size_t before = out->size();
      out->emplace_hint(out->end(), key, value);
      if (out->size() == before) return Fail("key twice in a map");
    }
    return true;
  }

  bool Vector(const Field& field, size_t at, void* out, int depth) {
    const bool numbers = field.shape == Shape::kScalarVector;
    const size_t width = numbers ? WidthOf(field.scalar) : sizeof(uint32_t);
    size_t count = 0;
    if (!Length(at, width, &count) || !Spend(count * field.vector->stride)) return false;
    auto* element = static_cast<char*>(field.vector->resize(out, count));
    if (numbers) return count == 0 || Scalars(field, at + 4, count, element);
    for (size_t i = 0; i < count; ++i, element += field.vector->stride) {
      size_t target = 0;
      if (!Follow(at + 4 + 4 * i, &target)) return false;
      const bool good = field.shape == Shape::kTableVector
                            ? Table(*field.table, target, element, depth + 1)
                        : field.shape == Shape::kStringVector
                            ? String(target, reinterpret_cast<std::string*>(element))
                            : Any(target, reinterpret_cast<AnyTable*>(element), depth);
      if (!good) return false;
    }
    return true;
  }

  const std::string_view bytes_;
  Limits& limits_;
};

}  // namespace

Result<void> Unpack(const Type& type, std::string_view bytes, void* out) {
  Limits limits{.budget = kExpansionBase + kExpansionFactor * bytes.size()};
  if (Unpacker(bytes, &limits).Root(type, out, 0)) return {};
  if (limits.field == nullptr) {
    return Err(ErrorCode::kCorruption, "{}: {}", type.name, limits.what);
  }
  return Err(ErrorCode::kCorruption, "{}: {}.{}: {}", type.name, limits.type->name,
             limits.field->name, limits.what);
}

}  // namespace sluice
