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

template <class Visit>
Result<void> StoreView::ScanRows(StoreFamily family, const std::string& prefix,
                                 const std::string& from, const Visit& visit) const {
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

template <class Wanted>
Result<std::vector<uint64_t>> StoreView::ReadHistory(std::string_view entity, uint64_t from,
                                                     size_t limit, const Wanted& wanted) const {
  const std::string prefix = store::EntityPrefix(entity);
  // A row before `from` may stand for sequences after it.
  std::string start = store::HistoryRow(prefix, from);
  auto before = LastRow(StoreFamily::kHistory, prefix, start, &start, nullptr);
  if (!before) return tl::unexpected(before.error());
  std::vector<uint64_t> sequences;
  std::vector<store::HistoryEntry> row;
  bool bad_row = false;
  auto scanned = ScanRows(
      StoreFamily::kHistory, prefix, start, [&](std::string_view key, std::string_view value) {
        row.clear();
        bad_row =
            key.size() != prefix.size() + 8 ||
            !store::DecodeHistory(store::ReadBigEndian64(key.substr(prefix.size())), value, &row);
        if (bad_row) return false;
        for (const store::HistoryEntry& entry : row) {
          if (entry.sequence < from || !wanted(entry)) continue;
          if (sequences.size() < limit) sequences.push_back(entry.sequence);
        }
        return sequences.size() < limit;
      });
  if (!scanned) return tl::unexpected(scanned.error());
  if (bad_row) return Failed(Error{ErrorCode::kCorruption, "a row of history is no history"});
  return sequences;
}

Result<std::vector<uint64_t>> StoreView::History(std::string_view entity, uint64_t from,
                                                 size_t limit) const {
  return ReadHistory(entity, from, limit, [](const store::HistoryEntry&) { return true; });
}

Result<std::vector<uint64_t>> StoreView::FoldedHistory(std::string_view entity, uint64_t from,
                                                       size_t limit) const {
  return ReadHistory(entity, from, limit,
                     [](const store::HistoryEntry& entry) { return entry.folds; });
}

Result<std::vector<uint64_t>> StoreView::LastHistory(std::string_view entity, uint64_t end,
                                                     size_t limit) const {
  std::vector<uint64_t> sequences;  // descending
  if (end == 0) return sequences;
  const std::string prefix = store::EntityPrefix(entity);
  const rocksdb::Slice lower(prefix);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  options.iterate_lower_bound = &lower;
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->db->NewIterator(options, db_->family(StoreFamily::kHistory)));
  std::vector<store::HistoryEntry> row;
  for (at->SeekForPrev(store::HistoryRow(prefix, end - 1));
       at->Valid() && sequences.size() < limit && at->key().starts_with(prefix); at->Prev()) {
    row.clear();
    const std::string_view key = at->key().ToStringView();
    if (key.size() != prefix.size() + 8 ||
        !store::DecodeHistory(store::ReadBigEndian64(key.substr(prefix.size())),
                              at->value().ToStringView(), &row)) {
      return Failed(Error{ErrorCode::kCorruption, "a row of history is no history"});
    }
    for (auto entry = row.rbegin(); entry != row.rend() && sequences.size() < limit; ++entry) {
      if (entry->sequence < end) sequences.push_back(entry->sequence);
    }
  }
  if (!at->status().ok()) return Failed(ErrorOf(at->status(), "read a history"));
  std::reverse(sequences.begin(), sequences.end());
  return sequences;
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
