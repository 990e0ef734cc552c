// Bounds-checked access to the bytes of one FlatBuffers buffer. For unpacker.h; knows
// nothing of types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "events/codec.h"
#include "events/descriptor.h"

namespace sluice {

class PayloadPool;

// What a buffer and the payloads within it share.
struct UnpackLimits {
  // Bytes that may still be visited. Offsets may point at the same bytes again and again; without
  // this a small buffer could expand without bound.
  size_t budget;
  // The first thing found wrong; static text and names, so that no success pays for it.
  const char* what = nullptr;
  const Type* type = nullptr;
  const Field* field = nullptr;
  std::optional<uint16_t> field_id =
      std::nullopt;  // Of the field at fault, until its table is known.
  // Leaves out what (not_folded) marks, and where the first such payload is: that of the first
  // field of the sort that is met, whether or not it holds one.
  bool folds = false;
  PayloadPool* pool = nullptr;  // Where payloads come from, or none: they are made.
  bool has_left = false;
  PackedPayload left = {};
};

// A table whose own size and vtable lie within the buffer.
struct PackedTable {
  size_t at;
  size_t size;
  size_t vtable;
  size_t vtable_size;
};

// On for what every field needs: a record has dozens of them.
#define SLUICE_READ_INLINE inline __attribute__((always_inline))
// On for what no good bytes come to.
#define SLUICE_READ_COLD __attribute__((cold, noinline))

// Positions are offsets into the buffer, always checked before use; a method that returns false has
// said why in the limits.
class BufferReader {
 public:
  template <class T>
  T Load(size_t at) const {
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }

  SLUICE_READ_INLINE bool Fits(size_t at, size_t size) const {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  }

  SLUICE_READ_COLD bool Fail(const char* what) {
    if (limits_.what == nullptr) limits_.what = what;
    return false;
  }

  SLUICE_READ_INLINE bool Visit(size_t bytes) {
    if (bytes > limits_.budget) return Fail("expands too far");
    limits_.budget -= bytes;
    return true;
  }

  SLUICE_READ_INLINE bool OpenTable(size_t at, PackedTable* view) {
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
    return Visit(view->size);
  }

  // Where field `id` is, or 0 when it is absent.
  SLUICE_READ_INLINE bool Slot(const PackedTable& view, uint16_t id, size_t width, size_t* at) {
    *at = 0;
    const size_t slot = 4 + 2 * size_t{id};
    if (slot >= view.vtable_size) return true;
    const size_t offset = Load<uint16_t>(view.vtable + slot);
    if (offset == 0) return true;
    if (offset < 4 || offset + width > view.size) return Fail("field out of bounds");
    *at = view.at + offset;
    return true;
  }

  SLUICE_READ_INLINE bool Follow(size_t at, size_t* target) {
    const size_t offset = Load<uint32_t>(at);
    *target = at + offset;
    return offset != 0 && Fits(*target, sizeof(uint32_t)) ? true : Fail("offset out of bounds");
  }

  // The number of elements, of `width` bytes each, behind the length at `at`. Whoever reads them
  // visits them.
  SLUICE_READ_INLINE bool Length(size_t at, size_t width, size_t* count) {
    *count = Load<uint32_t>(at);
    if (*count > bytes_.size() / width || !Fits(at + 4, *count * width)) {
      return Fail("length out of bounds");
    }
    return true;
  }

  SLUICE_READ_INLINE bool StringView(size_t at, std::string_view* out) {
    size_t size = 0;
    if (!Length(at, 1, &size)) return false;
    if (!Fits(at + 4 + size, 1) || bytes_[at + 4 + size] != '\0') {
      return Fail("string without its end");
    }
    *out = {bytes_.data() + at + 4, size};
    return Visit(size);
  }

  // Not counted as visited: a payload's bytes are when they are read.
  SLUICE_READ_INLINE bool BytesView(size_t at, std::string_view* out) {
    size_t size = 0;
    if (!Length(at, 1, &size)) return false;
    *out = {bytes_.data() + at + 4, size};
    return true;
  }

  // The tables `Any` {type: string; data: [ubyte]} and `KeyValue` {key: string; value: string}
  // are read by hand: no generated struct stands for them.
  SLUICE_READ_INLINE bool OpenPair(size_t at, size_t* first, size_t* second) {
    PackedTable view;
    if (!OpenTable(at, &view)) return false;
    // Both, one behind the other: as we write it.
    constexpr uint64_t kBothBehind = 0x0008'0004'000c'0008;
    if (view.vtable_size == 8 && Load<uint64_t>(view.vtable) == kBothBehind) [[likely]] {
      return Follow(at + 4, first) && Follow(at + 8, second);
    }
    return ChildOfPair(view, 0, first) && ChildOfPair(view, 1, second);
  }
  SLUICE_READ_INLINE bool ChildOfPair(const PackedTable& view, uint16_t id, size_t* at) {
    size_t slot = 0;
    *at = 0;
    return Slot(view, id, sizeof(uint32_t), &slot) && (slot == 0 || Follow(slot, at));
  }

 protected:
  BufferReader(std::string_view bytes, UnpackLimits* limits) : bytes_(bytes), limits_(*limits) {}

  const std::string_view bytes_;
  UnpackLimits& limits_;
};

}  // namespace sluice
