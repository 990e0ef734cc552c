#include "engine/journal/rocksdb_open.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_partitioner.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <system_error>

namespace sluice::journal {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr const char* kMetaKey = "meta";

// RocksDB goes on by itself after some errors, a full disk for one, by flushing one family after
// the other past the torn log. A journal's process ends instead, and opens what is durable.
class NeverResume final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::DBOptions MakeDbOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  // A torn tail was never acknowledged, and after a power loss its blocks may have reached the disk
  // out of order, so that it does not even look like a tail; the log ends before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // This release ignores recycling under that mode; said here so that an update does not turn it
  // on.
  options.recycle_log_file_num = 0;
  options.listeners.push_back(std::make_shared<NeverResume>());
  options.max_bgerror_resume_count = 0;
  // Bounds what is replayed at the next opening; memory follows from it, too.
  options.max_total_wal_size = 64 * kMiB;
  options.db_write_buffer_size = 96 * kMiB;
  // One thread writes.
  options.allow_concurrent_memtable_write = false;
  options.max_open_files = 512;
  options.max_background_jobs = 2;
  options.bytes_per_sync = kMiB;
  options.compaction_readahead_size = 2 * kMiB;
  options.stats_dump_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 2;
  return options;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 64 * kMiB;
  options.target_file_size_base = 64 * kMiB;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  // The quickest of its levels: each byte of the log is compressed by it once, next to deciding.
  options.bottommost_compression_opts.enabled = true;
  options.bottommost_compression_opts.level = 1;
  options.level_compaction_dynamic_level_bytes = true;
  // A file holds one family of keys: with the counters behind them, each compaction would write the
  // last events' file again.
  options.sst_partitioner_factory = rocksdb::NewSstPartitionerFixedPrefixFactory(1);
  // History is not rewritten for its age.
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 32 * 1024;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::string FamilyName(uint32_t partition) { return fmt::format("partition-{}", partition); }

Hash128 DrawEpoch() {
  std::random_device device;
  const auto word = [&device] { return uint64_t{device()} << 32 | device(); };
  const uint64_t hi = word();
  return {hi, word()};
}

Result<void> SyncDirectory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const std::error_code error(errno, std::generic_category());
  if (fd >= 0) ::close(fd);
  if (!synced)
    return Err(ErrorCode::kIo, "cannot sync {}: {}", directory.string(), error.message());
  return {};
}

// The directory itself must survive a power loss, too: each one made is synced into its parent.
Result<void> MakeDirectory(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  const std::filesystem::path parent = path.parent_path();
  if (!parent.empty() && parent != path) {
    if (auto made = MakeDirectory(parent); !made) return made;
  }
  std::filesystem::create_directory(path, error);
  if (error) return Err(ErrorCode::kIo, "cannot make {}: {}", path.string(), error.message());
  return SyncDirectory(parent);
}

// RocksDB would take a directory that lost its CURRENT for an empty one and clear it.
Result<void> CheckHoldsNoData(rocksdb::Env* env, const std::string& path) {
  std::vector<std::string> names;
  const rocksdb::Status status = env->GetChildren(path, &names);
  if (!status.ok()) return FromStatus(status, fmt::format("list {}", path));
  for (const std::string& name : names) {
    if (name.ends_with(".sst") || name.ends_with(".log")) {
      return Err(ErrorCode::kCorruption, "journal {} has {} but no CURRENT", path, name);
    }
  }
  return {};
}

Result<void> CheckNotHeld(rocksdb::Env* env, const std::string& path) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status status = env->LockFile(path + "/LOCK", &lock);
  if (status.ok()) {
    env->UnlockFile(lock);
    return {};
  }
  // Who may not even open the file does not know whether anybody holds it.
  if (status.ToString().find("open a file for lock") != std::string::npos) {
    return Err(ErrorCode::kIo, "journal {} cannot be written ({})", path, status.ToString());
  }
  return Err(ErrorCode::kUnavailable, "journal {} is held by a running process ({})", path,
             status.ToString());
}

Result<void> CheckEmpty(const OpenedRocksDb& opened, const std::string& path) {
  for (rocksdb::ColumnFamilyHandle* handle : opened.handles) {
    std::unique_ptr<rocksdb::Iterator> it(opened.db->NewIterator({}, handle));
    it->SeekToFirst();
    if (!it->status().ok()) return FromStatus(it->status(), fmt::format("read {}", path));
    if (it->Valid()) {
      return Err(ErrorCode::kCorruption, "journal {} has records but no meta record", path);
    }
  }
  return {};
}

// The meta record is written before any partition is made, so a journal without one is empty: its
// making was interrupted.
Result<Meta> LoadOrMakeMeta(const OpenedRocksDb& opened, const EmbeddedOptions& options) {
  std::string bytes;
  rocksdb::Status status = opened.db->Get({}, opened.db->DefaultColumnFamily(), kMetaKey, &bytes);
  if (status.ok()) {
    const std::optional<Meta> meta = DecodeMeta(bytes);
    if (!meta) {
      return Err(ErrorCode::kCorruption, "journal {}: the meta record is unreadable", options.path);
    }
    return *meta;
  }
  if (!status.IsNotFound()) return FromStatus(status, fmt::format("read {}", options.path));
  if (auto empty = CheckEmpty(opened, options.path); !empty) return tl::unexpected(empty.error());
  if (options.partitions == 0) {
    return Err(ErrorCode::kNotFound, "journal {} is empty: give a number of partitions",
               options.path);
  }
  const Meta meta{.format_version = kFormatVersion,
                  .partitions = options.partitions,
                  .epoch = options.draw_epoch ? options.draw_epoch() : DrawEpoch()};
  rocksdb::WriteOptions write;
  write.sync = true;
  status = opened.db->Put(write, opened.db->DefaultColumnFamily(), kMetaKey, EncodeMeta(meta));
  if (!status.ok()) return FromStatus(status, fmt::format("write {}", options.path));
  return meta;
}

Result<void> CheckMeta(const Meta& meta, const EmbeddedOptions& options) {
  if (meta.format_version > kFormatVersion) {
    return Err(ErrorCode::kInvalid, "journal {} has format {}; this build reads formats up to {}",
               options.path, meta.format_version, kFormatVersion);
  }
  if (options.partitions != 0 && options.partitions != meta.partitions) {
    return Err(ErrorCode::kInvalid, "journal {} has {} partitions, not {}", options.path,
               meta.partitions, options.partitions);
  }
  return {};
}

Result<void> FindPartitions(OpenedRocksDb* opened, const rocksdb::ColumnFamilyOptions& family,
                            const std::string& path) {
  opened->partitions.resize(opened->meta.partitions, nullptr);
  for (uint32_t p = 0; p < opened->meta.partitions; ++p) {
    for (rocksdb::ColumnFamilyHandle* handle : opened->handles) {
      if (handle->GetName() == FamilyName(p)) opened->partitions[p] = handle;
    }
    if (opened->partitions[p] != nullptr) continue;
    rocksdb::ColumnFamilyHandle* made = nullptr;
    const rocksdb::Status status = opened->db->CreateColumnFamily(family, FamilyName(p), &made);
    if (!status.ok()) return FromStatus(status, fmt::format("make partition {} in {}", p, path));
    opened->handles.push_back(made);
    opened->partitions[p] = made;
  }
  return {};
}

Result<std::vector<std::string>> ListFamilies(const rocksdb::DBOptions& db_options,
                                              const EmbeddedOptions& options) {
  const rocksdb::Status current = db_options.env->FileExists(options.path + "/CURRENT");
  if (current.IsNotFound()) {
    if (options.partitions == 0) {
      return Err(ErrorCode::kNotFound, "there is no journal at {}", options.path);
    }
    if (auto made = MakeDirectory(options.path); !made) return tl::unexpected(made.error());
    auto empty = CheckHoldsNoData(db_options.env, options.path);
    if (!empty) return tl::unexpected(empty.error());
    return std::vector<std::string>{rocksdb::kDefaultColumnFamilyName};
  }
  if (auto free = CheckNotHeld(db_options.env, options.path); !free) {
    return tl::unexpected(free.error());
  }
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(db_options, options.path, &names);
  if (!status.ok()) return FromStatus(status, fmt::format("open {}", options.path));
  return names;
}

}  // namespace

OpenedRocksDb::~OpenedRocksDb() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
}

Result<std::unique_ptr<OpenedRocksDb>> OpenRocksDb(const EmbeddedOptions& options) {
  rocksdb::Env* env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  const rocksdb::DBOptions db_options = MakeDbOptions(env);
  const rocksdb::ColumnFamilyOptions family = MakeFamilyOptions(rocksdb::NewLRUCache(32 * kMiB));
  const auto names = ListFamilies(db_options, options);
  if (!names) return tl::unexpected(names.error());

  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : *names) families.emplace_back(name, family);
  auto opened = std::make_unique<OpenedRocksDb>();
  const rocksdb::Status status =
      rocksdb::DB::Open(db_options, options.path, families, &opened->handles, &opened->db);
  if (!status.ok()) {
    if (auto free = CheckNotHeld(env, options.path); !free) return tl::unexpected(free.error());
    return FromStatus(status, fmt::format("open {}", options.path));
  }
  const auto meta = LoadOrMakeMeta(*opened, options);
  if (!meta) return tl::unexpected(meta.error());
  if (auto fits = CheckMeta(*meta, options); !fits) return tl::unexpected(fits.error());
  opened->meta = *meta;
  auto found = FindPartitions(opened.get(), family, options.path);
  if (!found) return tl::unexpected(found.error());
  return opened;
}

tl::unexpected<Error> FromStatus(const rocksdb::Status& status, std::string_view doing) {
  const ErrorCode code = status.IsCorruption()
                             ? ErrorCode::kCorruption
                             : (status.IsNotFound() ? ErrorCode::kNotFound : ErrorCode::kIo);
  return Err(code, "cannot {}: {}", doing, status.ToString());
}

}  // namespace sluice::journal
