#include "projections/store_items.h"

#include <rocksdb/db.h>

#include "projections/store_keys.h"

namespace sluice {

std::optional<Bytes> StoreItems::Get(const ItemKey& key) const {
  ++db_->reads.items;
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
  ++db_->reads.scans;
  const std::string rows = store::ItemRow(prefix_, collection, "");
  const std::string end = store::PrefixEnd(rows);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->db->NewIterator(options, db_->family(StoreFamily::kItems)));
  for (at->Seek(rows + std::string(from)); at->Valid(); at->Next()) {
    const std::string_view row = at->key().ToStringView();
    if (!visit(row.substr(rows.size()), at->value().ToStringView())) return;
  }
  if (!at->status().ok()) throw LoadFailure("items: " + at->status().ToString());
}

}  // namespace sluice
