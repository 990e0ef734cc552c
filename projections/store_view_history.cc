// An entity's history: rows of decisions that a fold reads, then those that are recent; beside them
// rows of the others.
#include <rocksdb/db.h>

#include <algorithm>

#include "projections/rocks_status.h"
#include "projections/store_view.h"

namespace sluice {
namespace {

bool IsHistoryRow(std::string_view key, const std::string& rows) {
  return key.size() == rows.size() + 8 && key.substr(0, rows.size()) == rows;
}

// Of any sequence there will be: from here on come rows of the others.
constexpr uint64_t kSequencesEnd = uint64_t{0xff} << 56;

const Error kNoHistory{ErrorCode::kCorruption, "a row of history is no history"};

}  // namespace

Result<std::vector<uint64_t>> StoreView::ReadHistory(const std::string& rows, uint64_t from,
                                                     size_t limit) const {
  std::vector<uint64_t> sequences;
  const rocksdb::Slice lower(rows);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  options.iterate_lower_bound = &lower;
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->db->NewIterator(options, db_->family(StoreFamily::kHistory)));
  // A row before `from` may stand for sequences after it.
  at->SeekForPrev(store::HistoryRow(rows, std::min(from, kSequencesEnd - 1)));
  if (!at->Valid() && at->status().ok()) at->SeekToFirst();
  std::vector<uint64_t> row;
  for (; at->Valid() && sequences.size() < limit; at->Next()) {
    const std::string_view key = at->key().ToStringView();
    if (!IsHistoryRow(key, rows)) break;  // of the others, behind them, or of another entity
    row.clear();
    if (!store::DecodeHistory(store::ReadBigEndian64(key.substr(rows.size())),
                              at->value().ToStringView(), &row)) {
      return Failed(kNoHistory);
    }
    for (const uint64_t sequence : row) {
      if (sequence >= from && sequences.size() < limit) sequences.push_back(sequence);
    }
  }
  if (!at->status().ok()) return Failed(ErrorOf(at->status(), "read a history"));
  return sequences;
}

Result<std::vector<uint64_t>> StoreView::ReadHistoryBack(const std::string& rows, uint64_t end,
                                                         size_t limit) const {
  std::vector<uint64_t> sequences;
  const rocksdb::Slice lower(rows);
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  options.iterate_lower_bound = &lower;
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->db->NewIterator(options, db_->family(StoreFamily::kHistory)));
  std::vector<uint64_t> row;
  for (at->SeekForPrev(store::HistoryRow(rows, std::min(end, kSequencesEnd) - 1));
       at->Valid() && sequences.size() < limit && IsHistoryRow(at->key().ToStringView(), rows);
       at->Prev()) {
    row.clear();
    const std::string_view key = at->key().ToStringView();
    if (!store::DecodeHistory(store::ReadBigEndian64(key.substr(rows.size())),
                              at->value().ToStringView(), &row)) {
      return Failed(kNoHistory);
    }
    for (auto sequence = row.rbegin(); sequence != row.rend() && sequences.size() < limit;
         ++sequence) {
      if (*sequence < end) sequences.push_back(*sequence);
    }
  }
  if (!at->status().ok()) return Failed(ErrorOf(at->status(), "read a history"));
  return sequences;
}

Result<std::vector<uint64_t>> StoreView::FoldedHistory(std::string_view entity, uint64_t from,
                                                       size_t limit) const {
  const std::string prefix = store::EntityPrefix(entity);
  const auto tail = Tail(prefix);
  if (!tail) return tl::unexpected(tail.error());
  const std::vector<uint64_t> recent = tail->recent.decisions();
  std::vector<uint64_t> sequences;
  // Rows have what came before those.
  if (recent.empty() || recent.front() > from) {
    auto rows = ReadHistory(prefix, from, limit);
    if (!rows) return rows;
    sequences = std::move(*rows);
  }
  for (const uint64_t sequence : recent) {
    if (sequence >= from && sequences.size() < limit) sequences.push_back(sequence);
  }
  return sequences;
}

Result<std::vector<uint64_t>> StoreView::History(std::string_view entity, uint64_t from,
                                                 size_t limit) const {
  const auto folded = FoldedHistory(entity, from, limit);
  if (!folded) return folded;
  const auto others =
      ReadHistory(store::OtherHistoryRows(store::EntityPrefix(entity)), from, limit);
  if (!others) return others;
  std::vector<uint64_t> sequences;
  std::merge(folded->begin(), folded->end(), others->begin(), others->end(),
             std::back_inserter(sequences));
  if (sequences.size() > limit) sequences.resize(limit);
  return sequences;
}

Result<std::vector<uint64_t>> StoreView::LastHistory(std::string_view entity, uint64_t end,
                                                     size_t limit) const {
  if (end == 0) return std::vector<uint64_t>();
  const std::string prefix = store::EntityPrefix(entity);
  const auto tail = Tail(prefix);
  if (!tail) return tl::unexpected(tail.error());
  std::vector<uint64_t> sequences;  // descending, but for where one part ends
  const std::vector<uint64_t>& recent = tail->recent.decisions();
  for (auto sequence = recent.rbegin(); sequence != recent.rend(); ++sequence) {
    if (*sequence < end && sequences.size() < limit) sequences.push_back(*sequence);
  }
  for (const std::string& rows : {prefix, store::OtherHistoryRows(prefix)}) {
    const auto more = ReadHistoryBack(rows, end, limit);
    if (!more) return more;
    sequences.insert(sequences.end(), more->begin(), more->end());
  }
  std::sort(sequences.begin(), sequences.end());
  if (sequences.size() > limit) sequences.erase(sequences.begin(), sequences.end() - limit);
  return sequences;
}

}  // namespace sluice
