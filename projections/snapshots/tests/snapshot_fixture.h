// A node's stores, two of them, with their logs and their snapshots.
#pragma once

#include "projections/queries.h"
#include "projections/snapshots/snapshots.h"
#include "projections/tests/store_fixture.h"

namespace sluice::testing {

inline std::vector<std::string> NamesOf(const std::vector<SnapshotEntry>& entries) {
  std::vector<std::string> names;
  for (const SnapshotEntry& entry : entries) names.push_back(entry.name);
  return names;
}

class SnapshotTest : public StoreTest {
 protected:
  static constexpr uint32_t kPartitions = 2;
  static constexpr int kLamps = 6;

  SnapshotTest() {
    for (uint32_t partition = 0; partition < kPartitions; ++partition) {
      logs_.push_back(std::make_unique<TestLog>(LampKinds(), partition));
      stores_.push_back(OpenPartition(partition));
    }
    snapshots_ = Reopened();
  }

  static uint32_t PartitionOf(std::string_view entity) {
    return static_cast<uint32_t>(entity.back()) % kPartitions;
  }

  std::unique_ptr<PartitionStore> OpenPartition(uint32_t partition) {
    StoreOptions options;
    options.path = Path("partition-" + std::to_string(partition));
    options.partition = partition;
    options.kinds = &LampKinds();
    auto store = PartitionStore::Open(std::move(options));
    EXPECT_TRUE(store);
    return std::move(*store);
  }

  std::string SnapshotsPath() const { return Path("snapshots"); }

  // As a process that begins would have them.
  std::unique_ptr<Snapshots> Reopened() {
    SnapshotsOptions options;
    options.directory = SnapshotsPath();
    options.kinds = &LampKinds();
    options.epoch = "00";
    options.build = "test";
    options.node = "node";
    options.now = [this] { return Time{now_us_ += 1000}; };
    options.read_events = [this](uint32_t partition, uint64_t from, const EventVisitor& visit) {
      return logs_[partition]->Reader()(from, [&](uint64_t sequence, std::string_view bytes) {
        ++records_read_;
        return visit(sequence, bytes);
      });
    };
    options.on_notice = [this](const std::string& notice) { notices_.push_back(notice); };
    options.before_step = [this](const std::string& step) {
      return before_step_ ? before_step_(step) : Result<void>();
    };
    std::vector<PartitionStore*> stores;
    for (const auto& store : stores_) stores.push_back(store.get());
    return std::make_unique<Snapshots>(std::move(options), std::move(stores));
  }

  std::unique_ptr<Queries> QueriesFrom(PastStores* past) {
    QueryOptions options;
    options.kinds = &LampKinds();
    for (const auto& store : stores_) options.stores.push_back(store.get());
    options.partition_of = &PartitionOf;
    options.read_records = [this](uint32_t partition, std::span<const uint64_t> sequences,
                                  const EventVisitor& visit) -> Result<void> {
      const auto& records = logs_[partition]->records();
      for (const uint64_t sequence : sequences) {
        ++records_read_;
        if (sequence < records.size() && !visit(sequence, records[sequence])) break;
      }
      return {};
    };
    options.past = past;
    return std::make_unique<Queries>(std::move(options));
  }

  // One command to a lamp, as `seed` says, applied.
  void SendOne(uint64_t seed) {
    const std::string lamp = Lamp(static_cast<int>((seed >> 33) % kLamps));
    TestLog& log = *logs_[PartitionOf(lamp)];
    switch ((seed >> 40) % 8) {
      case 0:
        log.Send(lamp, Delete{});
        break;
      case 1:
      case 2:
        log.Send(lamp,
                 LampApply{.spec = {.color = (seed & 256) != 0 ? "red" : "blue", .room = "hall"},
                           .labels = {{"size", (seed & 512) != 0 ? "big" : "small"}}});
        break;
      case 3:
        log.Open();
        break;
      default:
        log.Send(lamp, PressLamp{});
    }
    EXPECT_TRUE(stores_[PartitionOf(lamp)]->Apply(log.TakeBatch()));
  }
  void SendMany(int count) {
    for (int i = 0; i < count; ++i) {
      seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
      SendOne(seed_);
    }
  }

  SnapshotManifest Take() {
    auto taken = snapshots_->Take();
    EXPECT_TRUE(taken) << taken.error().message;
    return taken ? *taken : SnapshotManifest{};
  }

  // Flips a byte in a table of the snapshot, without changing its size.
  void Damage(const std::string& name) {
    for (const auto& entry : std::filesystem::directory_iterator(snapshots_->PathOf(name) / "0")) {
      if (entry.path().extension() != ".sst") continue;
      // A file of its own: the store's must stay as it is.
      const std::string copy = entry.path().string() + ".copy";
      std::filesystem::copy_file(entry.path(), copy);
      std::filesystem::rename(copy, entry.path());
      std::FILE* file = std::fopen(entry.path().c_str(), "r+b");
      std::fseek(file, 20, SEEK_SET);
      const int byte = std::fgetc(file);
      std::fseek(file, 20, SEEK_SET);
      std::fputc(byte ^ 1, file);
      std::fclose(file);
      return;
    }
    FAIL() << "no table in " << name;
  }

  // Rows of a snapshot's database, and of one that was derived from the log up to there.
  std::map<std::string, std::string> RowsOf(const SnapshotManifest& manifest, uint32_t partition) {
    const std::string link = Path("look-" + std::to_string(looks_++));
    std::filesystem::create_directory(link);
    std::filesystem::create_directory_symlink(
        PartitionDirectory(snapshots_->PathOf(manifest.name), partition), link + "/0");
    return Rows(link);
  }
  std::map<std::string, std::string> RowsUpTo(const TestLog& log, uint32_t partition,
                                              uint64_t next) {
    const std::string path = Path("derived-" + std::to_string(looks_++));
    {
      StoreOptions options;
      options.path = path;
      options.partition = partition;
      options.kinds = &LampKinds();
      auto store = PartitionStore::Open(std::move(options));
      EXPECT_TRUE(store);
      EXPECT_TRUE(Recover(**store, {.read = log.Reader(next), .end_sequence = next}));
    }
    return Rows(path);
  }

  std::vector<std::unique_ptr<TestLog>> logs_;
  std::vector<std::unique_ptr<PartitionStore>> stores_;
  std::unique_ptr<Snapshots> snapshots_;
  BeforeStep before_step_;
  std::vector<std::string> notices_;
  uint64_t records_read_ = 0;

 private:
  int64_t now_us_ = 1'790'000'000'000'000;
  uint64_t seed_ = 7;
  int looks_ = 0;
};

}  // namespace sluice::testing
