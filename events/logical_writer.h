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

namespace sluice {

class LogicalWriter {
 public:
  std::string_view bytes() const { return {data_.get(), size_}; }
  void Clear() { size_ = 0; }

  // `id` is the field's in FlatBuffers; 0 ends a table, so the encoding counts from 1.
  void Unsigned(uint32_t id, uint64_t value, uint64_t absent) {
    if (value != absent) PutPair(id + 1, value);
  }
  void Signed(uint32_t id, int64_t value, int64_t absent) {
    if (value != absent) PutPair(id + 1, Zigzag(value));
  }
  // The bits of a float or double.
  void Real(uint32_t id, uint64_t bits, uint64_t absent) {
    if (bits != absent) PutReal(id, bits);
  }
  void Unsigned(uint32_t id, std::optional<uint64_t> value) {
    if (value) PutPair(id + 1, *value);
  }
  void Signed(uint32_t id, std::optional<int64_t> value) {
    if (value) PutPair(id + 1, Zigzag(*value));
  }
  void Real(uint32_t id, std::optional<uint64_t> bits) {
    if (bits) PutReal(id, *bits);
  }
  void Text(uint32_t id, const std::string& text) {
    if (text.empty()) return;
    PutPair(id + 1, text.size());
    std::memcpy(Extend(text.size()), text.data(), text.size());
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
    const size_t before = size_;
    PutVarint(id + 1);
    const size_t content = size_;
    EncodeLogical(table, *this);
    if (size_ == content + 1) size_ = before;
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
    return static_cast<uint64_t>(value) << 1 ^ (value < 0 ? ~uint64_t{0} : 0);
  }

 private:
  static constexpr size_t kVarintBytesMax = 10;

  static char* Varint(char* at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
    *at++ = static_cast<char>(value);
    return at;
  }
  // Where the next `more` bytes go.
  char* Room(size_t more) {
    if (capacity_ - size_ < more) [[unlikely]]
      Grow(more);
    return data_.get() + size_;
  }
  void Advance(const char* begin, const char* end) { size_ += static_cast<size_t>(end - begin); }
  char* Extend(size_t more) {
    char* const at = Room(more);
    size_ += more;
    return at;
  }
  void Grow(size_t more);
  void PutVarint(uint64_t value) {
    char* const begin = Room(kVarintBytesMax);
    Advance(begin, Varint(begin, value));
  }
  void PutPair(uint64_t first, uint64_t second) {
    char* const begin = Room(2 * kVarintBytesMax);
    if ((first | second) < 0x80) [[likely]] {
      begin[0] = static_cast<char>(first);
      begin[1] = static_cast<char>(second);
      size_ += 2;
    } else {
      Advance(begin, Varint(Varint(begin, first), second));
    }
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
  bool PutCount(uint32_t id, size_t count) {
    if (count != 0) PutPair(id + 1, count);
    return count != 0;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace sluice
