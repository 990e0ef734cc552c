// What generated EncodeLogical functions (one per table) are written with: a method for each sort
// of field, which writes nothing where the field is absent. docs/formats/logical_encoding.md has
// the grammar. Not for several threads.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/any_table.h"
#include "events/basic_types.h"
#include "events/boxed.h"

namespace sluice {

// On for a few methods: a state has a hundred fields, and a call each would be half of the work.
#define SLUICE_INLINE inline __attribute__((always_inline))

class LogicalWriter {
 public:
  std::string_view bytes() const { return {data_.get(), Size()}; }
  void Clear() { at_ = data_.get(); }

  // `id` is the field's in FlatBuffers; 0 ends a table, so the encoding counts from 1.
  SLUICE_INLINE void Unsigned(uint32_t id, uint64_t value, uint64_t absent) {
    if (value != absent) PutPair(id + 1, value);
  }
  SLUICE_INLINE void Signed(uint32_t id, int64_t value, int64_t absent) {
    if (value != absent) PutPair(id + 1, Zigzag(value));
  }
  // The bits of a float or double.
  void Real(uint32_t id, uint64_t bits, uint64_t absent) {
    if (bits != absent) PutReal(id, bits);
  }
  SLUICE_INLINE void Unsigned(uint32_t id, std::optional<uint64_t> value) {
    if (value) PutPair(id + 1, *value);
  }
  SLUICE_INLINE void Signed(uint32_t id, std::optional<int64_t> value) {
    if (value) PutPair(id + 1, Zigzag(*value));
  }
  void Real(uint32_t id, std::optional<uint64_t> bits) {
    if (bits) PutReal(id, *bits);
  }
  SLUICE_INLINE void Text(uint32_t id, const std::string& text) {
    if (!text.empty()) PutIdAndText(id, text);
  }
  void Hash(uint32_t id, const Hash128& hash) {
    if (hash == Hash128{}) return;
    PutReal(id, hash.hi);
    PutBigEndian(hash.lo);
  }
  template <class T>
  void Table(uint32_t id, const std::optional<T>& table) {
    if (!table) return;
    PutVarint(id + 1);
    EncodeLogical(*table, *this);
  }
  // Written first, taken back when nothing was in it: cheaper than to compare beforehand.
  template <class T>
  void ValueTable(uint32_t id, const T& table) {
    const size_t before = Size();
    PutVarint(id + 1);
    const size_t content = Size();
    EncodeLogical(table, *this);
    if (Size() == content + 1) at_ = data_.get() + before;
  }
  template <class T>
  void Table(uint32_t id, const BoxedOptional<T>& table) {
    if (table.IsSet() && !PutKept(id, table)) PutAndKeep(id, table);
  }
  template <class T>
  void ValueTable(uint32_t id, const Boxed<T>& table) {
    if (!table.IsSet() || PutKept(id, table)) return;
    const size_t before = Size();
    if (PutAndKeep(id, table) == 1) at_ = data_.get() + before;
  }
  void Any(uint32_t id, const AnyTable& any) {
    if (!any) return;
    PutVarint(id + 1);
    PutAny(any);
  }
  void Map(uint32_t id, const std::map<std::string, std::string>& map);
  // `bits` of an element: its value, zigzag where it is signed.
  template <class T, class Bits>
  void Numbers(uint32_t id, const std::vector<T>& numbers, const Bits& bits) {
    if (!PutCount(id, numbers.size())) return;
    for (const T& number : numbers) PutVarint(bits(number));
  }
  template <class T, class Bits>
  void Reals(uint32_t id, const std::vector<T>& numbers, const Bits& bits) {
    if (!PutCount(id, numbers.size())) return;
    for (const T& number : numbers) PutBigEndian(bits(number));
  }
  void Texts(uint32_t id, const std::vector<std::string>& texts);
  template <class T>
  void Tables(uint32_t id, const std::vector<T>& tables) {
    if (!PutCount(id, tables.size())) return;
    for (const T& table : tables) EncodeLogical(table, *this);
  }
  void Anys(uint32_t id, const std::vector<AnyTable>& payloads);
  void EndTable() { *Extend(1) = '\0'; }

  static uint64_t Zigzag(int64_t value) {
    return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  }

 private:
  static constexpr size_t kVarintBytesMax = 10;

  size_t Size() const { return static_cast<size_t>(at_ - data_.get()); }
  // Writes as much as kVarintBytesMax, and returns the end of what counts.
  static char* Varint(char* at, uint64_t value) {
    if (value < 0x80) {
      *at = static_cast<char>(value);
      return at + 1;
    }
    if (value >> 56 != 0) [[unlikely]]
      return LongVarint(at, value);
    return SpreadVarint(at, value);
  }
  static char* LongVarint(char* at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }
  // A time has eight bytes: all at once, by halves, quarters and eighths of seven bits each.
  static char* SpreadVarint(char* at, uint64_t value) {
    uint64_t spread = (value & 0xfffffff) | (value & 0xfffffff0000000) << 4;
    spread = (spread & 0x00003fff00003fff) | (spread & 0x0fffc0000fffc000) << 2;
    spread = (spread & 0x007f007f007f007f) | (spread & 0x3f803f803f803f80) << 1;
    const int last = (63 - __builtin_clzll(spread)) / 8;
    spread |= 0x8080808080808080 & ((uint64_t{1} << 8 * last) - 1);
    std::memcpy(at, &spread, sizeof(spread));
    return at + last + 1;
  }
  // Where the next `more` bytes go.
  SLUICE_INLINE char* Room(size_t more) {
    if (static_cast<size_t>(end_ - at_) < more) [[unlikely]]
      Grow(more);
    return at_;
  }
  char* Extend(size_t more) {
    char* const at = Room(more);
    at_ += more;
    return at;
  }
  void Grow(size_t more);
  void PutVarint(uint64_t value) { at_ = Varint(Room(kVarintBytesMax), value); }
  SLUICE_INLINE void PutPair(uint64_t first, uint64_t second) {
    char* const at = Room(2 * kVarintBytesMax);
    if ((first | second) >= 0x80) [[unlikely]] {
      PutLongPair(first, second);
      return;
    }
    at[0] = static_cast<char>(first);
    at[1] = static_cast<char>(second);
    at_ = at + 2;
  }
  // There is room.
  void PutLongPair(uint64_t first, uint64_t second);
  SLUICE_INLINE void PutIdAndText(uint32_t id, std::string_view text) {
    char* at = Room(2 * kVarintBytesMax + text.size());
    if (((id + 1) | text.size()) >= 0x80) [[unlikely]] {
      PutLongPair(id + 1, text.size());
      at = at_;
    } else {
      at[0] = static_cast<char>(id + 1);
      at[1] = static_cast<char>(text.size());
      at += 2;
    }
    Copy(at, text.data(), text.size());
    at_ = at + text.size();
  }
  // A memcpy for sizes that are mostly small: two loads and stores that overlap.
  SLUICE_INLINE static void Copy(char* to, const char* from, size_t size) {
    if (size > 16) {
      std::memcpy(to, from, size);
    } else if (size >= 8) {
      CopyEnds<uint64_t>(to, from, size);
    } else if (size >= 4) {
      CopyEnds<uint32_t>(to, from, size);
    } else if (size >= 2) {
      CopyEnds<uint16_t>(to, from, size);
    } else if (size == 1) {
      *to = *from;
    }
  }
  template <class T>
  SLUICE_INLINE static void CopyEnds(char* to, const char* from, size_t size) {
    T head;
    T tail;
    std::memcpy(&head, from, sizeof(T));
    std::memcpy(&tail, from + size - sizeof(T), sizeof(T));
    std::memcpy(to, &head, sizeof(T));
    std::memcpy(to + size - sizeof(T), &tail, sizeof(T));
  }
  template <class T>
  SLUICE_INLINE bool PutKept(uint32_t id, const Box<T>& box) {
    const std::string_view kept = box.KeptBytes();
    if (kept.empty()) return false;
    char* const at = Varint(Room(kVarintBytesMax + kept.size()), id + 1);
    std::memcpy(at, kept.data(), kept.size());
    at_ = at + kept.size();
    return true;
  }
  // The bytes written behind the id. An empty table's are not kept: what holds it may leave it out.
  template <class B>
  size_t PutAndKeep(uint32_t id, const B& box) {
    PutVarint(id + 1);
    const size_t content = Size();
    EncodeLogical(*box, *this);
    const size_t size = Size() - content;
    if (size > 1) box.Keep({data_.get() + content, size});
    return size;
  }
  void PutBigEndian(uint64_t bits) {
    const uint64_t swapped = __builtin_bswap64(bits);
    std::memcpy(Extend(sizeof(swapped)), &swapped, sizeof(swapped));
  }
  void PutReal(uint32_t id, uint64_t bits) {
    PutVarint(id + 1);
    PutBigEndian(bits);
  }
  void PutText(std::string_view text);
  void PutAny(const AnyTable& any);
  // Id and count; false, and nothing, where there are none.
  SLUICE_INLINE bool PutCount(uint32_t id, size_t count) {
    if (count != 0) PutPair(id + 1, count);
    return count != 0;
  }

  std::unique_ptr<char[]> data_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace sluice
