// What generated PackFields functions (one per table) are written with. Writes tables front to
// back: a vtable, the table, then what it points at. (FlatBuffers' own builder writes back to front
// and cannot put a payload into its holder without a copy.) Not for several threads.
#pragma once

#include <array>
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
  // The fields a table may have, in the order of their ids, and the bytes each takes within it. One
  // per type, for as long as the program runs.
  struct Layout {
    std::span<const uint16_t> ids;
    std::span<const uint8_t> widths;
  };
  // What stands between brackets in FlatBuffers' documentation: vtable and inline data. Bit i of
  // `present` says whether the layout's field i is there.
  Slots Open(const Layout& layout, uint64_t present);
  // Where field `id`, which is present, stands in the table.
  size_t SlotOf(const Slots& slots, uint16_t id) const {
    return slots.at + buffer_.Load<uint16_t>(slots.vtable + 4 + 2 * size_t{id});
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
  // A table's vtable, as it was worked out, and where it was last written. Tables of one shape
  // follow one another, in a record and from record to record.
  struct Frame {
    const Layout* layout = nullptr;
    uint64_t present = 0;
    uint64_t scope = 0;  // In which of them `vtable` may be pointed at.
    size_t vtable = 0;
    uint16_t size = 0;  // The table's own.
    uint8_t alignment = 0;
    std::vector<uint16_t> words;  // The vtable.
  };

  void Root(const Type& type, const void* table);
  Frame& FrameOf(const Layout& layout, uint64_t present);
  static void WorkOut(const Layout& layout, uint64_t present, Frame* frame);
  // Writes a vtable, unless the scope has an equal one; returns where it is.
  size_t Vtable(std::span<const uint16_t> words);
  // An equal vtable written before, or the one at the end of the buffer, at `vtable`.
  size_t Shared(size_t vtable);
  // A length and room for as many offsets.
  size_t Offsets(size_t count);
  // A table of two children, `Any` {type; data} or `KeyValue` {key; value}: no generated struct
  // stands for them. Returns where it is; the offsets are still to be stored at 4 and 8 behind
  // that.
  size_t Pair(bool first, bool second);

  PackBuffer buffer_;
  std::array<Frame, 256> frames_;
  struct {
    uint64_t scope = 0;
    size_t vtable = 0;
  } pairs_[2][2];  // As in a frame, by whether the children are there.
  // A buffer, or a payload within one: what may share vtables. Each has a number of its own.
  uint64_t scope_ = 0;
  uint64_t scopes_ = 0;
  std::vector<size_t> vtables_;  // Positions; those before `vtables_begin_` are a holder's.
  size_t vtables_begin_ = 0;
};

}  // namespace sluice
