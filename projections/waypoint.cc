#include "projections/waypoint.h"

#include "events/codec.h"
#include "projections/empty_ranges.h"
#include "projections/store_keys.h"
#include "projections/store_view.h"

namespace sluice {
namespace {

constexpr size_t kNumberBytes = 8;
// Keys without an item; walking over fewer is cheaper than remembering them.
constexpr uint64_t kGoneWorthRemembering = 16;

Result<std::optional<Bytes>> ReadItem(const StoreView& view, const std::string& prefix,
                                      uint64_t number, const ItemKey& key) {
  const std::string row = store::PastItemRow(prefix, key.collection, key.key, number);
  std::string found;
  std::string value;
  auto read = view.LastPastRow(row.substr(0, row.size() - kNumberBytes), row, &found, &value);
  if (!read) return tl::unexpected(read.error());
  if (!*read || value.empty()) return std::optional<Bytes>();
  return std::optional<Bytes>(std::move(value));
}

// The items of an entity as of one of its waypoints. Used by one thread.
class PastItems final : public ItemSource {
 public:
  PastItems(std::shared_ptr<const StoreView> view, std::string prefix, uint64_t number)
      : view_(std::move(view)), prefix_(std::move(prefix)), number_(number) {}

  std::optional<Bytes> Get(const ItemKey& key) const override {
    auto item = ReadItem(*view_, prefix_, number_, key);
    if (!item) throw LoadFailure("item: " + item.error().message);
    return std::move(*item);
  }

  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override {
    const std::string rows = store::PastItemRows(prefix_, collection);
    std::string begin = rows;
    store::AppendPart(&begin, from);
    begin.pop_back();  // Its end: longer keys follow.
    // A set whose first items leave one after the other, a queue, is walked over once.
    if (const auto jump = empty_.EndOf(begin)) begin = *jump;
    std::string part;   // the key at hand, as it stands in its rows
    std::string value;  // what it is at the waypoint; empty: gone, or not there yet
    uint64_t gone = 0;
    bool enough = false;
    const auto show = [&] {
      if (part.empty()) return;
      if (value.empty()) {
        ++gone;
        return;
      }
      if (gone > kGoneWorthRemembering) empty_.Add(begin, rows + part);
      gone = 0;
      begin = rows + part + '\xff';
      std::string_view rest = part;
      const auto key = store::TakePart(&rest);
      enough = !key || !visit(*key, value);
    };
    auto scanned = view_->ScanPast(
        rows, std::string(begin), [&](std::string_view row, std::string_view bytes) {
          const std::string_view key =
              row.substr(rows.size(), row.size() - rows.size() - kNumberBytes);
          if (key != part) {
            show();
            if (enough) return false;
            part = key;
            value.clear();
          }
          if (store::ReadBigEndian64(row.substr(row.size() - kNumberBytes)) <= number_)
            value = bytes;
          return true;
        });
    if (!scanned) throw LoadFailure("items: " + scanned.error().message);
    if (enough) return;
    show();
    if (gone > kGoneWorthRemembering) empty_.Add(begin, store::PrefixEnd(rows));
  }

 private:
  const std::shared_ptr<const StoreView> view_;
  const std::string prefix_;
  const uint64_t number_;
  mutable EmptyRanges empty_;  // by whole rows
};

}  // namespace

Result<std::optional<PastStart>> WaypointBefore(std::shared_ptr<const StoreView> view,
                                                const KindInfo& kind, std::string_view entity,
                                                uint64_t end) {
  if (end == 0) return std::optional<PastStart>();
  const std::string prefix = store::EntityPrefix(entity);
  std::string row;
  std::string value;
  auto found = view->LastPastRow(store::WaypointRows(prefix), store::WaypointRow(prefix, end - 1),
                                 &row, &value);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<PastStart>();
  auto waypoint = store::DecodeWaypoint(value);
  if (!waypoint) return tl::unexpected(waypoint.error());
  EntityRecord& record = waypoint->record;
  PastStart start;
  start.next = store::ReadBigEndian64(std::string_view(row).substr(row.size() - kNumberBytes)) + 1;
  LoadedEntity& loaded = start.entity;
  loaded.kind = &kind;
  loaded.state = kind.make();
  auto unpacked = Unpack(loaded.state->root_type(), record.root, loaded.state->mutable_root());
  if (!unpacked) return tl::unexpected(unpacked.error());
  auto items = std::make_shared<const PastItems>(std::move(view), prefix, waypoint->number);
  loaded.state->items.set_source(items.get());
  loaded.state->items.set_hash_sum(record.item_hash_sum);
  loaded.source = std::move(items);
  loaded.state->version = record.version;
  loaded.marks = std::move(record.marks);
  loaded.sequence = record.sequence;
  if (loaded.state->Hash() != record.state_hash) {
    return Err(ErrorCode::kCorruption,
               "the waypoint of {} at {} hashes to {}, kept is {}; 'sluice verify' compares them",
               entity, start.next - 1, ToHex(loaded.state->Hash()), ToHex(record.state_hash));
  }
  return std::optional<PastStart>(std::move(start));
}

Result<store::StoredWaypoint> ReadWaypoint(const StoreView& view, std::string_view entity,
                                           uint64_t sequence) {
  const std::string prefix = store::EntityPrefix(entity);
  const std::string row = store::WaypointRow(prefix, sequence);
  std::string found;
  std::string value;
  auto read = view.LastPastRow(row, row, &found, &value);
  if (!read) return tl::unexpected(read.error());
  if (!*read) return Err(ErrorCode::kNotFound, "{} has no waypoint at {}", entity, sequence);
  return store::DecodeWaypoint(value);
}

Result<std::optional<Bytes>> ItemAtWaypoint(const StoreView& view, std::string_view entity,
                                            uint64_t number, const ItemKey& key) {
  return ReadItem(view, store::EntityPrefix(entity), number, key);
}

}  // namespace sluice
