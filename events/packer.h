// What generated PackFields functions (one per table) are written with. Writes tables front to
// back: a vtable, the table, then what it points at. (FlatBuffers' own builder writes back to front
// and cannot put a payload into its holder without a copy.) Not for several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "events/any_table.h"
#include "events/basic_types.h"
#include "events/pack_buffer.h"

namespace sluice {

class Packer {
 public:
  void Pack(const Type& type, const void* table, Bytes* out);

  // A table that has been begun.
  struct Slots {
    size_t at;
    size_t vtable;
  };
  // What stands between brackets in FlatBuffers' documentation: vtable and inline data. `widths`
  // are the bytes each field takes within the table, 0 where it is absent.
  Slots Open(std::span<const uint16_t> ids, std::span<const uint8_t> widths);
  // Where field `id` stands in the table, 0 where it is absent.
  size_t SlotOf(const Slots& slots, uint16_t id, uint8_t width) const {
    return width == 0 ? 0 : slots.at + buffer_.Load<uint16_t>(slots.vtable + 4 + 2 * size_t{id});
  }
  template <class T>
  void Number(size_t at, const T& value) {
    buffer_.Store(at, value);
  }
  void Child(size_t at, size_t target) { buffer_.StoreOffset(at, target); }

  // Every child returns where its offset has to point.
  size_t Text(const std::string& text) { return buffer_.AppendString(text); }
  size_t Octets(const Bytes& octets) { return buffer_.AppendBytes(octets, 4); }
  size_t Hash(const Hash128& hash) { return buffer_.AppendBytes(ToBytes(hash), 4); }
  template <class T>
  size_t Table(const T& table) {
    return PackFields(*this, table);
  }
  size_t Any(const AnyTable& any);
  size_t Map(const std::map<std::string, std::string>& map);
  template <class T>
  size_t Numbers(const std::vector<T>& numbers) {
    const std::string_view bytes(reinterpret_cast<const char*>(numbers.data()),
                                 numbers.size() * sizeof(T));
    const size_t at = buffer_.AppendBytes(bytes, sizeof(T));
    buffer_.Store(at, static_cast<uint32_t>(numbers.size()));
    return at;
  }
  size_t Texts(const std::vector<std::string>& texts);
  template <class T>
  size_t Tables(const std::vector<T>& tables) {
    const size_t at = Offsets(tables.size());
    size_t slot = at;
    for (const T& table : tables) buffer_.StoreOffset(slot += 4, PackFields(*this, table));
    return at;
  }
  size_t Anys(const std::vector<AnyTable>& payloads);

 private:
  void Root(const Type& type, const void* table);
  // An equal vtable written before, or the one at the end of the buffer, at `vtable`.
  size_t Shared(size_t vtable);
  // A length and room for as many offsets.
  size_t Offsets(size_t count);
  // A table of two children, `Any` {type; data} or `KeyValue` {key; value}: no generated struct
  // stands for them. Returns where it is; the offsets are still to be stored at 4 and 8 behind
  // that.
  size_t Pair(bool first, bool second);

  PackBuffer buffer_;
  std::vector<size_t> vtables_;  // Positions; those before `vtables_begin_` are a holder's.
  size_t vtables_begin_ = 0;
};

}  // namespace sluice
