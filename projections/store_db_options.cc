#include "projections/store_db_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "projections/store_values.h"

namespace sluice {

struct StoreMemory {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

namespace {

// Drops what is remembered of commands once the window has passed. Reads look at the time as well,
// so it does not matter when a file is compacted.
class ForgetCommands final : public rocksdb::CompactionFilter {
 public:
  explicit ForgetCommands(std::shared_ptr<ForgetBefore> before) : before_(std::move(before)) {}
  const char* Name() const override { return "sluice.ForgetCommands"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    const Time time = store::CommandTime(value.ToStringView());
    return time.IsSet() && time.us < before_->load(std::memory_order_relaxed);
  }

 private:
  const std::shared_ptr<ForgetBefore> before_;
};

class CountSeals final : public rocksdb::EventListener {
 public:
  explicit CountSeals(std::shared_ptr<MemtableSeals> seals) : seals_(std::move(seals)) {}
  const char* Name() const override { return "sluice.CountSeals"; }
  void OnMemTableSealed(const rocksdb::MemTableInfo&) override {
    seals_->fetch_add(1, std::memory_order_relaxed);
  }

 private:
  const std::shared_ptr<MemtableSeals> seals_;
};

// Rows that are written once and stay: leveled compaction would write all of them again for every
// few small files that come on top.
bool IsWrittenOnce(StoreFamily family) {
  return family == StoreFamily::kHistory || family == StoreFamily::kCommands ||
         family == StoreFamily::kPast;
}

class ForgetCommandsFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ForgetCommandsFactory(std::shared_ptr<ForgetBefore> before)
      : before_(std::move(before)) {}
  const char* Name() const override { return "sluice.ForgetCommands"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ForgetCommands>(before_);
  }

 private:
  const std::shared_ptr<ForgetBefore> before_;
};

}  // namespace

rocksdb::Options DbOptions(const StoreDbOptions& options,
                           const std::shared_ptr<MemtableSeals>& seals) {
  rocksdb::Options db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.atomic_flush = true;
  db.avoid_unnecessary_blocking_io = true;
  db.max_background_jobs = 2;
  db.max_open_files = 256;
  // Written out bit by bit: a whole file at once would hold up the log's next sync.
  db.bytes_per_sync = 1 << 20;
  db.keep_log_file_num = 2;
  db.max_log_file_size = 1 << 20;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.skip_stats_update_on_db_open = true;
  db.write_buffer_manager = options.memory->write_buffers;
  db.listeners.push_back(std::make_shared<CountSeals>(seals));
  if (options.env != nullptr) db.env = options.env;
  return db;
}

rocksdb::ColumnFamilyOptions FamilyOptions(StoreFamily family, const StoreDbOptions& options,
                                           const std::shared_ptr<ForgetBefore>& forget_before) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = options.memory->cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 8 * 1024;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  // The others are scanned, where a filter of keys says nothing.
  if (family == StoreFamily::kEntities || family == StoreFamily::kItems ||
      family == StoreFamily::kCommands) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  rocksdb::ColumnFamilyOptions result;
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // Flushes are of all families at once, so none may be due for one that is full: PartitionStore
  // and the budget of memtables begin them.
  result.write_buffer_size = 128 << 20;
  result.arena_block_size = 256 * 1024;
  result.compression = rocksdb::kLZ4Compression;
  result.level_compaction_dynamic_level_bytes = true;
  if (IsWrittenOnce(family)) {
    result.compaction_style = rocksdb::kCompactionStyleUniversal;
    result.level0_file_num_compaction_trigger = 6;
    result.compaction_options_universal.max_size_amplification_percent = 400;
  }
  if (family == StoreFamily::kCommands) {
    // Most ids looked up are new ones: the memtable says so without a search. The filter's memory
    // is taken as soon as there is a memtable.
    result.write_buffer_size = 32 << 20;
    result.memtable_prefix_bloom_size_ratio = 0.025;
    result.memtable_whole_key_filtering = true;
    result.compaction_filter_factory = std::make_shared<ForgetCommandsFactory>(forget_before);
    result.periodic_compaction_seconds = 24 * 60 * 60;
  }
  return result;
}

std::shared_ptr<StoreMemory> MakeStoreMemory(size_t cache_bytes, size_t memtable_bytes) {
  auto memory = std::make_shared<StoreMemory>();
  memory->cache = rocksdb::NewLRUCache(cache_bytes);
  memory->write_buffers =
      std::make_shared<rocksdb::WriteBufferManager>(memtable_bytes, memory->cache);
  return memory;
}

}  // namespace sluice
