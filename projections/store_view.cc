#include "projections/store_view.h"

#include <rocksdb/db.h>

#include <algorithm>

#include "projections/rocks_status.h"
#include "projections/store_values.h"

namespace sluice {

StoreView::StoreView(std::shared_ptr<const StoreDb> db)
    : db_(std::move(db)), snapshot_(db_->frozen ? nullptr : db_->db->GetSnapshot()) {}

StoreView::~StoreView() {
  if (snapshot_ != nullptr) db_->db->ReleaseSnapshot(snapshot_);
}

tl::unexpected<Error> StoreView::Failed(Error error) const {
  NoteReadError(*db_, error);
  return tl::unexpected(std::move(error));
}

Result<uint64_t> StoreView::NextSequence() const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  std::string value;
  const rocksdb::Status got = db_->db->Get(options, db_->family(StoreFamily::kMeta),
                                           rocksdb::Slice(kNextSequenceKey), &value);
  if (got.IsNotFound()) return 0;
  if (!got.ok()) return Failed(ErrorOf(got, "read the applied position"));
  if (value.size() != 8) {
    return Failed(Error{ErrorCode::kCorruption, "the applied position is not a number"});
  }
  return store::ReadBigEndian64(value);
}

Result<std::optional<EntityRecord>> StoreView::Get(std::string_view entity) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  rocksdb::PinnableSlice value;
  const rocksdb::Status got = db_->db->Get(options, db_->family(StoreFamily::kEntities),
                                           store::EntityPrefix(entity), &value);
  if (got.IsNotFound()) return std::optional<EntityRecord>();
  if (!got.ok()) return Failed(ErrorOf(got, fmt::format("read {}", entity)));
  auto record = store::DecodeEntity(value.ToStringView());
  if (!record) return Failed(record.error());
  record->kind = entity.substr(0, entity.find('/'));
  return std::optional<EntityRecord>(std::move(*record));
}

Result<void> StoreView::ScanRows(StoreFamily family, const std::string& prefix,
                                 const std::string& from, const RowVisitor& visit) const {
  const std::string end = store::PrefixEnd(prefix);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  if (!end.empty()) options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->db->NewIterator(options, db_->family(family)));
  for (at->Seek(from); at->Valid(); at->Next()) {
    if (!visit(at->key().ToStringView(), at->value().ToStringView())) return {};
  }
  if (!at->status().ok()) return Failed(ErrorOf(at->status(), "scan projections"));
  return {};
}

Result<void> StoreView::ScanEntities(const std::string& rows, std::string_view after,
                                     const EntityVisitor& visit) const {
  std::string from = rows;
  if (!after.empty()) {
    from = store::RowOfEntity(rows, after);
    from.push_back('\0');
  }
  bool bad_row = false;
  auto scanned = ScanRows(StoreFamily::kIndexes, rows, from, [&](std::string_view key, auto) {
    const auto entity = store::EntityOfRow(key, rows);
    bad_row = !entity;
    return entity && visit(*entity);
  });
  if (scanned && bad_row) {
    return Failed(Error{ErrorCode::kCorruption, "a row of an index names no entity"});
  }
  return scanned;
}

Result<void> StoreView::ScanEver(std::string_view kind, std::optional<std::string_view> namespace_,
                                 const EntityVisitor& visit, std::string_view after) const {
  // A live row is the entity's prefix behind one byte.
  const std::string prefix = store::LiveRows(kind, namespace_).substr(1);
  std::string from = prefix;
  if (!after.empty()) from = store::EntityPrefix(after) + '\0';
  return ScanRows(StoreFamily::kEntities, prefix, from, [&](std::string_view key, auto) {
    const auto entity = store::TakeEntity(&key);
    return entity && visit(*entity);
  });
}

Result<void> StoreView::ScanRecords(const RecordVisitor& visit) const {
  Result<void> decoded;
  auto scanned =
      ScanRows(StoreFamily::kEntities, "", "", [&](std::string_view key, std::string_view value) {
        const auto entity = store::TakeEntity(&key);
        const auto record = store::DecodeEntity(value);
        if (!entity) decoded = Err(ErrorCode::kCorruption, "a row of entities names none");
        if (!record) decoded = tl::unexpected(record.error());
        return decoded && visit(*entity, *record);
      });
  if (scanned && !decoded) return Failed(decoded.error());
  return scanned;
}

Result<void> StoreView::ScanActions(std::optional<std::string_view> location,
                                    std::string_view after_row, const ActionVisitor& visit) const {
  const std::string rows = store::ActionRows(location);
  std::string from = rows;
  if (!after_row.empty()) {
    from = after_row;
    from.push_back('\0');
  }
  bool bad_row = false;
  auto scanned = ScanRows(StoreFamily::kIndexes, rows, from, [&](std::string_view key, auto) {
    const auto action = store::ParseActionRow(key);
    bad_row = !action;
    return action && visit(key, *action);
  });
  if (scanned && bad_row) {
    return Failed(Error{ErrorCode::kCorruption, "a row of an index is no action"});
  }
  return scanned;
}

Result<bool> StoreView::LastRow(StoreFamily family, const std::string& prefix,
                                const std::string& row, std::string* key,
                                std::string* value) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  const rocksdb::Slice lower(prefix);
  options.iterate_lower_bound = &lower;
  const std::unique_ptr<rocksdb::Iterator> at(db_->db->NewIterator(options, db_->family(family)));
  at->SeekForPrev(row);
  if (!at->status().ok()) return Failed(ErrorOf(at->status(), "read projections"));
  if (!at->Valid() || !at->key().starts_with(prefix)) return false;
  key->assign(at->key().ToStringView());
  if (value != nullptr) value->assign(at->value().ToStringView());
  return true;
}

Result<store::EntityTail> StoreView::Tail(const std::string& entity_prefix) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  rocksdb::PinnableSlice value;
  const rocksdb::Status got =
      db_->db->Get(options, db_->family(StoreFamily::kEntities), entity_prefix, &value);
  if (got.IsNotFound()) return store::EntityTail{};
  if (!got.ok()) return Failed(ErrorOf(got, "read what lately happened to an entity"));
  auto tail = store::DecodeEntityTail(value.ToStringView());
  if (!tail) return Failed(tail.error());
  return tail;
}

Result<bool> StoreView::LastPastRow(const std::string& prefix, const std::string& row,
                                    std::string* key, std::string* value) const {
  return LastRow(StoreFamily::kPast, prefix, row, key, value);
}

Result<void> StoreView::ScanPast(const std::string& prefix, const std::string& from,
                                 const RowVisitor& visit) const {
  return ScanRows(StoreFamily::kPast, prefix, from, visit);
}

Result<void> StoreView::ScanWaypoints(const WaypointVisitor& visit) const {
  return ScanRows(StoreFamily::kPast, "", "", [&](std::string_view key, std::string_view) {
    const auto entity = store::TakeEntity(&key);
    // The rest of a waypoint's row is 'w' and its sequence.
    if (entity && key.size() == 9 && key.front() == 'w') {
      visit(*entity, store::ReadBigEndian64(key.substr(1)));
    }
    return true;
  });
}

}  // namespace sluice
