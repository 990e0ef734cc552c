// Queries over a store and a log of lamps.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "events/json.h"
#include "projections/change_feed.h"
#include "projections/queries.h"
#include "projections/tests/store_fixture.h"

namespace sluice {

using testing::StoreTest;
using testing::TestLog;

// Two partitions; lamps with an even number in their name's last digit live in the first.
class QueriesTest : public StoreTest {
 protected:
  QueriesTest() {
    for (uint32_t partition : {0u, 1u}) {
      logs_.push_back(std::make_unique<TestLog>(LampKinds(), partition));
      stores_.push_back(OpenPartition(partition));
    }
    MakeQueries();
  }

  void MakeQueries() {
    reads_ = 0;
    QueryOptions options;
    options.kinds = &LampKinds();
    for (const auto& store : stores_) options.stores.push_back(store.get());
    options.partition_of = &PartitionOf;
    options.read_records = [this](uint32_t partition, std::span<const uint64_t> sequences,
                                  const EventVisitor& visit) -> Result<void> {
      ++reads_;
      const auto& records = logs_[partition]->records();
      for (const uint64_t sequence : sequences) {
        if (sequence < records.size() && !visit(sequence, records[sequence])) break;
      }
      return {};
    };
    options.kept_views_max = 2;
    queries_ = std::make_unique<Queries>(std::move(options));
  }

  static uint32_t PartitionOf(std::string_view entity) {
    return static_cast<uint32_t>(entity.back()) % 2;
  }
  static EntityKey Key(int number) { return {"lamp", "default", "lamp-" + std::to_string(number)}; }
  template <class C>
  uint64_t Send(int number, C command) {
    return SendTo(Lamp(number), std::move(command));
  }
  template <class C>
  uint64_t SendTo(const std::string& lamp, C command) {
    const uint32_t partition = PartitionOf(lamp);
    const uint64_t sequence = logs_[partition]->Send(lamp, std::move(command));
    EXPECT_TRUE(stores_[partition]->Apply(logs_[partition]->TakeBatch()));
    return sequence;
  }
  std::string Names(const ObjectList& list) {
    std::string names;
    for (const ObjectText& item : list.items) names += item.cells.front() + " ";
    return names;
  }
  std::string At(const std::string& json, std::string_view path) {
    return JsonAt(json, path).value_or("");
  }

  ChangeFeed feed_{2, 1 << 20};
  std::vector<std::unique_ptr<TestLog>> logs_;
  std::vector<std::unique_ptr<PartitionStore>> stores_;
  std::unique_ptr<Queries> queries_;
  size_t reads_ = 0;  // of the log

 private:
  std::unique_ptr<PartitionStore> OpenPartition(uint32_t partition) {
    StoreOptions options;
    options.path = Path("partition-" + std::to_string(partition));
    options.partition = partition;
    options.kinds = &LampKinds();
    options.feed = &feed_;
    auto store = PartitionStore::Open(std::move(options));
    EXPECT_TRUE(store);
    return std::move(*store);
  }
};

}  // namespace sluice
