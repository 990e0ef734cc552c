// Keyed collections: whatever of an entity can grow without bound.
//
// An item is a small table under (collection, key). A decision reads and writes single items, so
// its cost does not grow with the collection. Items is the view one entity has of its own: an
// overlay of changes not yet handed on, above an ItemSource. It keeps the sum of the items' hashes,
// so the state hash is incremental.
//
// Not thread-safe; used by the thread that decides or folds.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/any_table.h"
#include "events/basic_types.h"
#include "events/codec.h"

namespace sluice {

// Thrown by an ItemSource that cannot read. Unwinds past the machine; the engine drops the batch
// and records nothing. The one exception besides InvariantViolation.
class LoadFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using CollectionId = uint8_t;  // 0-199: the machine's own; 200 and up: common (see kObservers)
inline constexpr CollectionId kObservers = 200;
inline constexpr CollectionId kKeptReplies = 201;
inline constexpr CollectionId kParkedCommands = 202;

struct ItemKey {
  CollectionId collection = 0;
  std::string key;  // ordered by bytes; integers in it are big-endian (BigEndianKey)
  auto operator<=>(const ItemKey&) const = default;
};

std::string BigEndianKey(uint64_t value);

// Where the items of one entity are read from. Values are packed tables.
class ItemSource {
 public:
  virtual ~ItemSource() = default;
  virtual std::optional<Bytes> Get(const ItemKey& key) const = 0;
  // Items of `collection` with key >= from, ascending, until `visit` returns false.
  virtual void Scan(
      CollectionId collection, std::string_view from,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
};

class Items {
 public:
  // Packed value, or nothing for an erased item.
  using Changes = std::map<ItemKey, std::optional<Bytes>>;

  Items() = default;
  explicit Items(const ItemSource* source) : source_(source) {}

  template <class T>
  std::optional<T> Get(CollectionId collection, std::string_view key) const {
    std::optional<Bytes> bytes = GetBytes({collection, std::string(key)});
    if (!bytes) return std::nullopt;
    return Decode<T>(*bytes);
  }
  bool Has(CollectionId collection, std::string_view key) const {
    return GetBytes({collection, std::string(key)}).has_value();
  }
  // Returns whether the item is new.
  template <class T>
  bool Put(CollectionId collection, std::string_view key, const T& value) {
    return PutTable({collection, std::string(key)}, TypeOf<T>(), &value);
  }
  // Returns whether there was one.
  template <class T>
  bool Erase(CollectionId collection, std::string_view key) {
    return EraseTable({collection, std::string(key)}, TypeOf<T>());
  }

  // At most `limit` items from `from` on, ascending by key bytes.
  template <class T>
  std::vector<std::pair<std::string, T>> Scan(CollectionId collection, std::string_view from,
                                              size_t limit) const {
    std::vector<std::pair<std::string, T>> found;
    ScanBytes(collection, from, [&](std::string_view key, std::string_view value) {
      if (found.size() >= limit) return false;
      found.emplace_back(std::string(key), Decode<T>(value));
      return true;
    });
    return found;
  }

  // Sum of XXH3-128(collection, key, logical value) over all items, mod 2^128.
  Hash128 hash_sum() const { return hash_sum_; }
  void set_hash_sum(Hash128 sum) { hash_sum_ = sum; }
  const ItemSource* source() const { return source_; }
  void set_source(const ItemSource* source) { source_ = source; }

  const Changes& changes() const { return changes_; }
  // Hands the changes on to a lower layer; the hash sum stays.
  Changes TakeChanges() { return std::exchange(changes_, {}); }

  // Overlays changes that are in the hash sum already.
  void PutChanges(Changes changes) { changes_ = std::move(changes); }

  std::optional<Bytes> GetBytes(const ItemKey& key) const;
  void ScanBytes(CollectionId collection, std::string_view from,
                 const std::function<bool(std::string_view, std::string_view)>& visit) const;

 private:
  template <class T>
  static T Decode(std::string_view bytes) {
    Result<T> value = Unpack<T>(bytes);
    if (!value) throw LoadFailure("item: " + value.error().message);
    return std::move(*value);
  }
  bool PutTable(ItemKey key, const Type& type, const void* value);
  bool EraseTable(ItemKey key, const Type& type);
  // Takes the present value out of the hash sum; false if there is none.
  bool Forget(const ItemKey& key, const Type& type);

  const ItemSource* source_ = nullptr;
  Changes changes_;
  Hash128 hash_sum_;
};

}  // namespace sluice
