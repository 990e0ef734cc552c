#include "projections/store_view.h"

#include <rocksdb/db.h>

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

Result<std::vector<uint64_t>> StoreView::History(std::string_view entity, uint64_t from,
                                                 size_t limit) const {
  const std::string prefix = store::EntityPrefix(entity);
  // A row before `from` may stand for sequences after it.
  std::string start = store::HistoryRow(prefix, from);
  {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    const std::unique_ptr<rocksdb::Iterator> at(
        db_->db->NewIterator(options, db_->family(StoreFamily::kHistory)));
    at->SeekForPrev(start);
    if (at->Valid() && at->key().starts_with(prefix)) start = at->key().ToString();
  }
  std::vector<uint64_t> sequences;
  bool bad_row = false;
  auto scanned = ScanRows(
      StoreFamily::kHistory, prefix, start, [&](std::string_view key, std::string_view value) {
        std::vector<uint64_t> row;
        bad_row =
            key.size() != prefix.size() + 8 ||
            !store::DecodeHistory(store::ReadBigEndian64(key.substr(prefix.size())), value, &row);
        if (bad_row) return false;
        for (const uint64_t sequence : row) {
          if (sequence >= from && sequences.size() < limit) sequences.push_back(sequence);
        }
        return sequences.size() < limit;
      });
  if (!scanned) return tl::unexpected(scanned.error());
  if (bad_row) return Failed(Error{ErrorCode::kCorruption, "a row of history is no history"});
  return sequences;
}

}  // namespace sluice
