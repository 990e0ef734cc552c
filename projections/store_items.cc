#include "projections/store_items.h"

#include <rocksdb/db.h>
#include <rocksdb/perf_context.h>

#include "projections/store_keys.h"

namespace sluice {
namespace {

// Walking over fewer is cheaper than remembering and seeking.
constexpr uint64_t kWorthRemembering = 16;

// Rows that this thread's iterators have walked over without showing them.
uint64_t WalkedOver() {
  const rocksdb::PerfContext& context = *rocksdb::get_perf_context();
  return context.internal_delete_skipped_count + context.internal_key_skipped_count;
}

}  // namespace

std::optional<Bytes> StoreItems::Get(const ItemKey& key) const {
  Bytes value;
  const rocksdb::Status got =
      db_->db->Get({}, db_->family(StoreFamily::kItems),
                   store::ItemRow(prefix_, key.collection, key.key), &value);
  if (got.IsNotFound()) return std::nullopt;
  if (!got.ok()) throw LoadFailure("item: " + got.ToString());
  return value;
}

void StoreItems::Scan(
    CollectionId collection, std::string_view from,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const std::string rows = store::ItemRow(prefix_, collection, "");
  const std::string end = store::PrefixEnd(rows);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> rows_at(
      db_->db->NewIterator(options, db_->family(StoreFamily::kItems)));
  std::string next = rows + std::string(from);  // the smallest row that may come now
  for (bool first = true;; first = false) {
    const auto jump = empty_.EndOf(next);
    if (jump && *jump >= end) return;
    const uint64_t before = WalkedOver();
    if (jump || first) {
      rows_at->Seek(jump ? rocksdb::Slice(jump->data(), jump->size()) : rocksdb::Slice(next));
    } else {
      rows_at->Next();
    }
    if (!rows_at->Valid() && !rows_at->status().ok()) {
      throw LoadFailure("items: " + rows_at->status().ToString());
    }
    const std::string_view row = rows_at->Valid() ? rows_at->key().ToStringView() : end;
    if (WalkedOver() - before > kWorthRemembering) empty_.Add(next, row);
    if (!rows_at->Valid()) return;
    if (!visit(row.substr(rows.size()), rows_at->value().ToStringView())) return;
    next.assign(row);
    next.push_back('\0');
  }
}

void StoreItems::AboutToWrite(const Items::Changes& items) const {
  if (empty_.size() == 0) return;
  for (const auto& [key, value] : items) {
    if (value) empty_.Forget(store::ItemRow(prefix_, key.collection, key.key));
  }
}

}  // namespace sluice
