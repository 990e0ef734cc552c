#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "bench/yardstick.h"

namespace sluice::bench {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

tl::unexpected<Error> Failed(const rocksdb::Status& status) {
  return Err(ErrorCode::kIo, "the raw database failed: {}", status.ToString());
}

// A database with one family per partition beside the default one.
struct RawDb {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> families;
  ~RawDb() { families.clear(); }
};

Result<void> OpenRaw(const std::string& path, uint32_t partitions, RawDb* raw) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 64 * kMiB;
  options.compression = rocksdb::kLZ4Compression;
  options.max_background_jobs = 2;
  options.bytes_per_sync = kMiB;
  options.allow_concurrent_memtable_write = false;
  options.info_log_level = rocksdb::InfoLogLevel::FATAL_LEVEL;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(options, path, &db);
  if (!status.ok()) return Failed(status);
  raw->db.reset(db);
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    rocksdb::ColumnFamilyHandle* family = nullptr;
    status = db->CreateColumnFamily(options, fmt::format("partition-{}", partition), &family);
    if (!status.ok()) return Failed(status);
    raw->families.emplace_back(family);
  }
  return {};
}

uint32_t PartitionsOf(const std::vector<RecordedWrite>& writes) {
  uint32_t partitions = 0;
  for (const RecordedWrite& write : writes) {
    for (const RecordedRow& row : write.rows) partitions = std::max(partitions, row.partition + 1);
  }
  return partitions;
}

rocksdb::Status WriteLog(RawDb& log, const RecordedWrite& write) {
  rocksdb::WriteBatch batch;
  for (const RecordedRow& row : write.rows) {
    rocksdb::Status put = batch.Put(log.families[row.partition].get(), row.key, row.value);
    if (!put.ok()) return put;
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return log.db->Write(synced, &batch);
}

rocksdb::Status WriteState(RawDb& state, const RecordedWrite& write,
                           const std::function<const Bytes&(const std::string& entity)>& state_of) {
  rocksdb::WriteBatch batch;
  for (const std::string& entity : write.entities) {
    rocksdb::Status put = batch.Put(entity, state_of(entity));
    if (!put.ok()) return put;
  }
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  return state.db->Write(unlogged, &batch);
}

double MicrosSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count();
}

class SyncedFile {
 public:
  static Result<SyncedFile> Make(const std::string& path) {
    const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return Err(ErrorCode::kIo, "cannot make {}: {}", path, std::strerror(errno));
    return SyncedFile(fd, path);
  }
  SyncedFile(SyncedFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  SyncedFile& operator=(SyncedFile&&) = delete;
  ~SyncedFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  // So many bytes, synced.
  Result<void> Append(size_t size) {
    const std::string bytes(size, 's');
    if (::write(fd_, bytes.data(), size) != static_cast<ssize_t>(size) || ::fdatasync(fd_) != 0) {
      return Err(ErrorCode::kIo, "cannot write {}: {}", path_, std::strerror(errno));
    }
    return {};
  }

 private:
  SyncedFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_;
  std::string path_;
};

}  // namespace

Result<YardstickResult> RunRawRocksDb(
    const BenchOptions& options, const std::string& directory,
    const std::vector<RecordedWrite>& writes,
    const std::function<const Bytes&(const std::string& entity)>& state_of) {
  std::filesystem::create_directories(directory);
  RawDb log;
  RawDb state;
  if (auto opened = OpenRaw(directory + "/log", PartitionsOf(writes), &log); !opened) {
    return tl::unexpected<Error>(opened.error());
  }
  if (auto opened = OpenRaw(directory + "/state", 0, &state); !opened) {
    return tl::unexpected<Error>(opened.error());
  }
  YardstickResult result;
  uint64_t records = 0;
  const Stopwatch watch;
  for (const RecordedWrite& write : writes) {
    if (options.stop.stop_requested() || watch.Elapsed() > options.time) break;
    const auto began = SteadyClock::now();
    rocksdb::Status status = WriteLog(log, write);
    result.writes.Add(MicrosSince(began));
    if (status.ok()) status = WriteState(state, write, state_of);
    if (!status.ok()) return Failed(status);
    records += write.records;
  }
  result.per_s = static_cast<double>(records) / watch.Seconds();
  return result;
}

Result<YardstickResult> RunBareSyncedWrites(const BenchOptions& options, const std::string& path,
                                            const std::vector<RecordedWrite>& writes) {
  auto file = SyncedFile::Make(path);
  if (!file) return tl::unexpected<Error>(file.error());
  YardstickResult result;
  uint64_t records = 0;
  const Stopwatch watch;
  for (const RecordedWrite& write : writes) {
    if (options.stop.stop_requested() || watch.Elapsed() > options.time) break;
    const auto began = SteadyClock::now();
    if (auto appended = file->Append(write.bytes); !appended) {
      return tl::unexpected<Error>(appended.error());
    }
    result.writes.Add(MicrosSince(began));
    records += write.records;
  }
  result.per_s = static_cast<double>(records) / watch.Seconds();
  return result;
}

Result<YardstickResult> RunOfferedSyncedWrites(const BenchOptions& options, const std::string& path,
                                               const std::vector<RecordedWrite>& writes,
                                               uint64_t per_s) {
  size_t bytes = 0;
  size_t recorded = 0;
  for (const RecordedWrite& write : writes) {
    bytes += write.bytes;
    recorded += write.records;
  }
  if (recorded == 0) return Err(ErrorCode::kInvalid, "nothing was written");
  auto file = SyncedFile::Make(path);
  if (!file) return tl::unexpected<Error>(file.error());
  YardstickResult result;
  const auto began = SteadyClock::now();
  const auto due = [&](uint64_t n) {
    return began + std::chrono::microseconds(n * 1'000'000 / per_s);
  };
  const Stopwatch watch;
  uint64_t done = 0;
  while (!options.stop.stop_requested() && watch.Elapsed() < options.time) {
    std::this_thread::sleep_until(due(done));
    uint64_t come = done;
    for (const auto now = SteadyClock::now(); due(come) <= now;) ++come;
    if (auto appended = file->Append((come - done) * bytes / recorded); !appended) {
      return tl::unexpected<Error>(appended.error());
    }
    for (; done < come; ++done) result.writes.Add(MicrosSince(due(done)));
  }
  result.per_s = static_cast<double>(done) / watch.Seconds();
  return result;
}

}  // namespace sluice::bench
