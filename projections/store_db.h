// The RocksDB of one partition's projections: families, options, opening, and the decision whether
// what lies there can be used. Nothing else of this folder opens a database.
//
// There is no write-ahead log: the log proper is the journal. `atomic_flush` keeps the families
// together, so what survives a crash is what one earlier batch left.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "events/result.h"
#include "machines/common/kind.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
}  // namespace rocksdb

namespace sluice {

enum class StoreFamily : uint8_t {
  kMeta = 0,      // RocksDB's "default"
  kEntities = 1,  // entity -> its state (store_values.h)
  kItems = 2,     // entity, collection, key -> packed item
  kIndexes = 3,   // mention rows (store_keys.h)
  kHistory = 4,   // entity, sequence -> further sequences; what is not recent (recent.h)
  kCommands = 5,  // entity, hash of an id -> what it came to; what is not recent
  kTimers = 6,    // due, entity, id
  kCounts = 7,    // kind, phase -> number
  kPast = 8,      // waypoints and items of the past (waypoint.h)
};
inline constexpr size_t kFamilies = 9;

// Grows when the bytes of a family, or what is derived from a decision, change.
inline constexpr uint32_t kStoreFormat = 4;

// Keys of the family kMeta.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kStateKey = "state";        // packed PartitionState
inline constexpr std::string_view kNextSequenceKey = "next";  // its next_sequence, big-endian

// Hash of every schema of the build and of the kinds' names: a store of another build is rebuilt.
Hash128 BuildFingerprint(const KindRegistry& kinds);

// Block cache and memtable budget, shared by the partitions of a node. Threadsafe.
struct StoreMemory;
std::shared_ptr<StoreMemory> MakeStoreMemory(size_t cache_bytes, size_t memtable_bytes);

// Commands decided before this time (microseconds) are forgotten; read while files are compacted.
using ForgetBefore = std::atomic<int64_t>;

// How many memtables were closed, whatever for, each to be written to a file. Counted before what
// is written next.
using MemtableSeals = std::atomic<uint64_t>;

// How often the partition's thread has read, for measurements.
struct StoreReads {
  std::atomic<uint64_t> entities = 0;
  std::atomic<uint64_t> items = 0;  // single ones
  std::atomic<uint64_t> scans = 0;  // of items
};

struct StoreDbOptions {
  std::string path;
  uint32_t partition = 0;
  Hash128 fingerprint;
  std::shared_ptr<StoreMemory> memory;
  rocksdb::Env* env = nullptr;  // null = the host's
};

// An open database; closes it. Threadsafe as RocksDB is.
struct StoreDb {
  StoreDb() = default;
  ~StoreDb();
  StoreDb(const StoreDb&) = delete;
  StoreDb& operator=(const StoreDb&) = delete;

  rocksdb::ColumnFamilyHandle* family(StoreFamily f) const {
    return families[static_cast<size_t>(f)];
  }

  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families{};
  std::shared_ptr<ForgetBefore> forget_before;
  std::shared_ptr<MemtableSeals> seals;
  mutable StoreReads reads;
  StoreDbOptions options;
  std::string directory;                      // of `options.path`, unless it is frozen
  bool frozen = false;                        // only read, and never changes
  std::atomic<bool> remove_on_close = false;  // another has taken its place
};

// Opens what is at `path`, or makes it. `*why_new` says why what was there could not be used and
// was removed; empty if it was used or there was nothing. kUnavailable: another process holds it.
// kIo.
Result<std::shared_ptr<StoreDb>> OpenStoreDb(const StoreDbOptions& options, std::string* why_new);

// An empty database in the place of `old`, which goes when its last reader lets go of it.
Result<std::shared_ptr<StoreDb>> ReplaceStoreDb(StoreDb& old);

// Everything applied so far, as a database in `directory`, which must not be there and appears as a
// whole. Its files are links to this one's. From any thread: writers go on meanwhile.
Result<void> CheckpointStoreDb(const StoreDb& store, const std::string& directory);

// Such a database, to be read only. It can be read on when its files are removed. kInvalid: it was
// written by another build, or is another partition's. kCorruption, kIo.
Result<std::shared_ptr<StoreDb>> OpenFrozenStoreDb(const StoreDbOptions& options,
                                                   const std::string& directory);

// A copy of such a database in the place of `old`, which goes when its last reader lets go of it.
// Nothing changes where it cannot be used: errors as OpenFrozenStoreDb's.
Result<std::shared_ptr<StoreDb>> ReplaceStoreDb(StoreDb& old, const std::string& directory);

// Brings every family to disk at the same batch. Without `wait` it only begins to.
Result<void> FlushStoreDb(const StoreDb& store, bool wait);

// After a read failed: has the next OpenStoreDb remove the database if that was damage.
void NoteReadError(const StoreDb& store, const Error& error);

}  // namespace sluice
