#include "projections/partition_store.h"

#include <rocksdb/db.h>

#include "events/codec.h"
#include "projections/change_feed.h"
#include "projections/entity_row.h"
#include "projections/rocks_status.h"
#include "projections/store_items.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"
#include "projections/store_values.h"

namespace sluice {
namespace {

constexpr size_t kOwnCacheBytes = size_t{32} << 20;
constexpr size_t kOwnMemtableBytes = size_t{64} << 20;

}  // namespace

PartitionStore::PartitionStore(StoreOptions options) : options_(std::move(options)) {
  CHECK(options_.kinds != nullptr);
  if (!options_.memory) options_.memory = MakeStoreMemory(kOwnCacheBytes, kOwnMemtableBytes);
  fingerprint_ = BuildFingerprint(*options_.kinds);
}

Result<std::unique_ptr<PartitionStore>> PartitionStore::Open(StoreOptions options) {
  std::unique_ptr<PartitionStore> store(new PartitionStore(std::move(options)));
  if (auto opened = store->OpenDb(); !opened) return tl::unexpected(opened.error());
  return store;
}

Result<std::unique_ptr<PartitionStore>> PartitionStore::OpenFrozen(StoreOptions options) {
  CHECK(options.feed == nullptr);
  std::unique_ptr<PartitionStore> store(new PartitionStore(std::move(options)));
  auto db = OpenFrozenStoreDb(store->DbOptions(), store->options_.path);
  if (!db) return tl::unexpected(db.error());
  store->db_ = std::move(*db);
  if (auto read = store->ReadState(); !read) return tl::unexpected(read.error());
  return store;
}

PartitionStore::~PartitionStore() {
  // What is not flushed is replayed: a failure here costs time, not data.
  if (db_ && !db_->frozen && !broken_) FlushStoreDb(*db_, /*wait=*/true);
}

StoreDbOptions PartitionStore::DbOptions() const {
  return {options_.path, options_.partition, fingerprint_, options_.memory, options_.env};
}

Result<void> PartitionStore::OpenDb() {
  std::string why_new;
  auto db = OpenStoreDb(DbOptions(), &why_new);
  if (!db) return tl::unexpected(db.error());
  db_ = std::move(*db);
  if (why_new.empty()) {
    auto read = ReadState();
    if (read) read = ReadCounts();
    if (read) return {};
    if (read.error().code != ErrorCode::kCorruption) return read;
    why_new = read.error().message;
    if (auto reset = Reset(); !reset) return reset;
  } else if (auto read = ReadState(); !read) {
    return read;
  }
  if (options_.on_rebuild) options_.on_rebuild(why_new);
  return {};
}

Result<void> PartitionStore::Reset() { return TakeDb(ReplaceStoreDb(*db_)); }

Result<void> PartitionStore::ResetTo(const std::string& directory) {
  if (auto taken = TakeDb(ReplaceStoreDb(*db_, directory)); !taken) return taken;
  return ReadCounts();
}

Result<void> PartitionStore::TakeDb(Result<std::shared_ptr<StoreDb>> db) {
  if (!db) return tl::unexpected(db.error());
  {
    const std::lock_guard lock(db_mutex_);
    db_ = std::move(*db);
  }
  counts_.Clear();
  unflushed_decisions_ = 0;
  unflushed_bytes_ = 0;
  broken_ = false;
  return ReadState();
}

Result<void> PartitionStore::ReadState() {
  std::string value;
  const rocksdb::Status got =
      db_->db->Get({}, db_->family(StoreFamily::kMeta), rocksdb::Slice(kStateKey), &value);
  applied_ = PartitionState{};
  applied_.partition = options_.partition;
  if (got.ok()) {
    auto state = Unpack<PartitionState>(value);
    if (!state) return tl::unexpected(state.error());
    applied_ = std::move(*state);
  } else if (!got.IsNotFound()) {
    return tl::unexpected(ErrorOf(got, "read the applied state"));
  }
  next_sequence_.store(applied_.next_sequence, std::memory_order_release);
  if (options_.feed != nullptr) options_.feed->Skip(options_.partition, applied_.next_sequence);
  return {};
}

Result<void> PartitionStore::ReadCounts() {
  counts_.Clear();
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->db->NewIterator({}, db_->family(StoreFamily::kCounts)));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    std::string_view row = at->key().ToStringView();
    auto kind = store::TakePart(&row);
    if (!kind || row.size() != 1 || at->value().size() != 8) {
      return Err(ErrorCode::kCorruption, "a row of counts is no count");
    }
    counts_.Set({std::move(*kind), static_cast<uint8_t>(row.front())},
                store::ReadBigEndian64(at->value().ToStringView()));
  }
  if (!at->status().ok()) return tl::unexpected(ErrorOf(at->status(), "read counts"));
  return {};
}

std::shared_ptr<const StoreDb> PartitionStore::Db() const {
  const std::lock_guard lock(db_mutex_);
  return db_;
}

uint64_t PartitionStore::MemtablesClosed() const {
  return Db()->seals->load(std::memory_order_relaxed);
}

uint64_t PartitionStore::Reads() const {
  const StoreReads& reads = Db()->reads;
  return reads.entities + reads.items + reads.scans;
}

std::shared_ptr<const StoreView> PartitionStore::View() const {
  return std::make_shared<const StoreView>(Db());
}

Result<void> PartitionStore::Checkpoint(const std::string& directory) const {
  return CheckpointStoreDb(*Db(), directory);
}

uint64_t PartitionStore::DiskBytes() const {
  const std::lock_guard lock(db_mutex_);
  uint64_t bytes = 0;
  for (auto* family : db_->families) {
    uint64_t size = 0;
    db_->db->GetIntProperty(family, rocksdb::DB::Properties::kLiveSstFilesSize, &size);
    bytes += size;
  }
  return bytes;
}

std::shared_ptr<const ItemSource> PartitionStore::ItemsOf(const EntityKey& key) {
  return std::make_shared<const StoreItems>(db_, store::EntityPrefix(key.ToString()));
}

Result<LoadedEntity> PartitionStore::Load(const EntityKey& key) {
  const KindInfo* kind = options_.kinds->Find(key.kind);
  if (kind == nullptr) return Err(ErrorCode::kInvalid, "there is no kind '{}'", key.kind);
  ++db_->reads.entities;
  const std::string text = key.ToString();
  const std::string prefix = store::EntityPrefix(text);
  rocksdb::PinnableSlice row;
  const rocksdb::Status got = db_->db->Get({}, db_->family(StoreFamily::kEntities), prefix, &row);
  auto items = std::make_shared<const StoreItems>(db_, prefix);
  if (got.IsNotFound()) return NewEntity(*kind, std::move(items));
  Result<LoadedEntity> entity = got.ok()
                                    ? DecodeEntityRow(*kind, row.ToStringView(), std::move(items))
                                    : tl::unexpected(ErrorOf(got, fmt::format("read {}", text)));
  if (!entity) NoteReadError(*db_, entity.error());
  return entity;
}

Result<std::optional<RememberedCommand>> PartitionStore::FindCommand(std::string_view entity,
                                                                     std::string_view id,
                                                                     const StoredForm* stored) {
  const Hash128 hash = store::CommandIdHash(id);
  const std::string prefix = store::EntityPrefix(entity);
  store::Recent read;
  if (stored == nullptr) {
    auto tail = View()->Tail(prefix);
    if (!tail) return tl::unexpected(tail.error());
    read = std::move(tail->recent);
  }
  const store::Recent& recent = stored != nullptr ? stored->recent : read;
  std::optional<RememberedCommand> command = recent.Find(hash);
  // It may still be there past its window: it goes when it suits whoever writes.
  const Time forget_before{db_->forget_before->load(std::memory_order_relaxed)};
  if (!command && recent.taken_until().IsSet() && recent.taken_until() >= forget_before) {
    auto row = FindCommandRow(prefix, hash);
    if (!row) return tl::unexpected(row.error());
    command = std::move(*row);
  }
  if (command && command->time < forget_before) command.reset();
  return command;
}

Result<std::optional<RememberedCommand>> PartitionStore::FindCommandRow(
    std::string_view entity_prefix, Hash128 id) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status got = db_->db->Get({}, db_->family(StoreFamily::kCommands),
                                           store::CommandRow(entity_prefix, id), &value);
  if (got.IsNotFound()) return std::optional<RememberedCommand>();
  auto command = got.ok() ? store::DecodeCommand(value.ToStringView())
                          : tl::unexpected(ErrorOf(got, "read a remembered command"));
  if (!command) {
    NoteReadError(*db_, command.error());
    return tl::unexpected(command.error());
  }
  return std::optional<RememberedCommand>(std::move(*command));
}

Result<void> PartitionStore::ScanTimers(const TimerVisitor& visit) {
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->db->NewIterator({}, db_->family(StoreFamily::kTimers)));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    const auto timer = store::ParseTimerRow(at->key().ToStringView());
    if (!timer) return Err(ErrorCode::kCorruption, "a row of timers is no timer");
    visit(timer->due, timer->entity, timer->id);
  }
  if (!at->status().ok()) return tl::unexpected(ErrorOf(at->status(), "read timers"));
  return {};
}

Result<void> PartitionStore::ScanMarked(const MarksVisitor& visit) {
  const auto view = View();
  Result<void> read;
  auto scanned = view->ScanEntities(store::QuarantinedRows(), "", [&](std::string_view entity) {
    auto record = view->Get(entity);
    if (!record) {
      read = tl::unexpected(record.error());
      return false;
    }
    if (*record) visit(entity, (*record)->marks);
    return true;
  });
  return scanned ? read : scanned;
}

Result<void> PartitionStore::Flush() { return FlushStoreDb(*db_, /*wait=*/true); }

Result<void> PartitionStore::FlushIfDue(size_t decisions, size_t bytes) {
  const uint64_t seals = db_->seals->load(std::memory_order_relaxed);
  if (std::exchange(seals_seen_, seals) != seals) {
    unflushed_decisions_ = 0;
    unflushed_bytes_ = 0;
  }
  unflushed_decisions_ += decisions;
  unflushed_bytes_ += bytes;
  if (unflushed_decisions_ < options_.flush_decisions && unflushed_bytes_ < options_.flush_bytes) {
    return {};
  }
  return FlushStoreDb(*db_, /*wait=*/false);
}

}  // namespace sluice
