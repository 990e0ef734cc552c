// Stores in a directory of their own, and what lies in them as text.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "projections/partition_store.h"
#include "projections/tests/lamp.h"
#include "projections/tests/test_log.h"

namespace sluice::testing {

// Every row of the store at `path`, which must be closed: "family key" -> value, both in hex.
// History rows are one per sequence, and items that came and went between two waypoints have none,
// however batches were cut.
std::map<std::string, std::string> Rows(const std::string& path);

// Where the database of the store at `path` lies.
std::string DatabaseIn(const std::string& path);

class StoreTest : public ::testing::Test {
 protected:
  StoreTest();
  ~StoreTest() override;

  std::string Path(const std::string& name) const { return (root_ / name).string(); }
  // What lies at `from` now, as a kill would leave it.
  std::string Killed(const std::string& from, const std::string& name) const;

  std::unique_ptr<PartitionStore> Open(const std::string& name, ChangeFeed* feed = nullptr);
  // Recovers an empty store from the whole log and says what lies in it.
  std::map<std::string, std::string> RowsFromZero(const TestLog& log);
  static std::string Lamp(int number) { return "lamp/default/lamp-" + std::to_string(number); }
  // A mixed life of a few lamps: created, pressed, changed, deleted, created again.
  static void Work(TestLog& log, int steps, uint64_t seed);

  std::string rebuilt_;  // why, if a store was
  size_t flush_decisions_ = 1'000'000;

 private:
  std::filesystem::path root_;
  int from_zero_ = 0;
};

}  // namespace sluice::testing
