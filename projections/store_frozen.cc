// Databases that stand still: made of one that goes on, read, and put in the place of one.
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/checkpoint.h>

#include <limits>

#include "projections/rocks_status.h"
#include "projections/store_db.h"
#include "projections/store_db_files.h"
#include "projections/store_db_options.h"

namespace sluice {
namespace {

constexpr std::string_view kUnfinished = "/unfinished";

}  // namespace

Result<void> CheckpointStoreDb(const StoreDb& store, const std::string& directory) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(store.db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // Without a log there is nothing but files: the memtables are flushed first, of all families at
  // once (atomic_flush), so what the files hold is what some batch left. Not by the checkpoint: in
  // RocksDB 7.8 it chooses the families before it holds up writers, and a batch that comes between
  // is flushed in those that were not empty and in no other.
  if (status.ok()) {
    if (auto flushed = FlushStoreDb(store, /*wait=*/true); !flushed) return flushed;
    constexpr uint64_t kNoFlush = std::numeric_limits<uint64_t>::max();
    status = checkpoint->CreateCheckpoint(directory, /*log_size_for_flush=*/kNoFlush);
  }
  if (!status.ok()) return tl::unexpected(ErrorOf(status, "make a checkpoint in " + directory));
  return {};
}

Result<std::shared_ptr<StoreDb>> OpenFrozenStoreDb(const StoreDbOptions& options,
                                                   const std::string& directory) {
  std::shared_ptr<StoreDb> store;
  const rocksdb::Status opened = OpenDatabase(options, directory, /*frozen=*/true, &store);
  if (!opened.ok()) return tl::unexpected(ErrorOf(opened, "open " + directory));
  bool is_new = false;
  if (const auto why = Unusable(*store, options, &is_new); why || is_new) {
    return Err(ErrorCode::kInvalid, "{}: {}", directory, why.value_or("it is empty"));
  }
  return store;
}

Result<std::shared_ptr<StoreDb>> ReplaceStoreDb(StoreDb& old, const std::string& directory) {
  const StoreDbOptions& options = old.options;
  if (auto usable = OpenFrozenStoreDb(options, directory); !usable) return usable;
  auto numbers = DatabaseNumbers(options);
  if (!numbers) return tl::unexpected(numbers.error());
  // It gets its number, which makes it count, once it is whole.
  const std::string unfinished = options.path + std::string(kUnfinished);
  if (auto removed = RemoveDatabase(options, unfinished); !removed) {
    return tl::unexpected(removed.error());
  }
  if (auto linked = LinkDatabase(options, directory, unfinished); !linked) {
    return tl::unexpected(linked.error());
  }
  const std::string place = DatabaseDirectory(options, numbers->empty() ? 0 : numbers->back() + 1);
  if (const auto renamed = EnvOf(options)->RenameFile(unfinished, place); !renamed.ok()) {
    return tl::unexpected(ErrorOf(renamed, "rename " + unfinished));
  }
  std::shared_ptr<StoreDb> store;
  const rocksdb::Status opened = OpenDatabase(options, place, /*frozen=*/false, &store);
  if (!opened.ok()) return tl::unexpected(ErrorOf(opened, "open " + place));
  old.remove_on_close = true;
  return store;
}

}  // namespace sluice
