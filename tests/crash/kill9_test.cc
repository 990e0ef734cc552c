// kill -9 of a loaded node at random moments, over and over: whatever was acknowledged is there,
// once, and live state is what the log folds to (I1, I3, I4, I5, I12).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "projections/store_db.h"
#include "tests/crash/load.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

constexpr int kRounds = 32;
constexpr size_t kUsers = 6;

// SLUICE_SEED repeats a run, as far as threads and the clock allow.
uint64_t Seed() {
  const char* given = std::getenv("SLUICE_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  return seed;
}

std::string Join(const Strings& faults) {
  std::string text;
  for (size_t i = 0; i < faults.size() && i < 20; ++i) text += "\n  " + faults[i];
  return fmt::format("{} faults:{}", faults.size(), text);
}

// A node on a directory of its own, its users, and what is checked between its lives.
class Kill9 : public ::testing::Test {
 protected:
  Kill9() : random_(Seed()) {
    for (size_t i = 0; i < kUsers; ++i) {
      users_.push_back(std::make_unique<LoadUser>(random_(), fmt::format("u{}", i)));
    }
    users_.push_back(std::make_unique<LoadUser>(random_(), "provider"));
  }

  size_t Pick(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }

  // Loads a node until so many commands were answered, then kills it.
  void LoadAndKill(NodeProcess& node, size_t answers) {
    std::mutex mutex;
    std::condition_variable some;
    size_t answered = 0;
    size_t running = users_.size();
    std::stop_source stop;
    const auto count = [&](size_t more) {
      const std::lock_guard lock(mutex);
      answered += more;
      some.notify_all();
    };
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < users_.size(); ++i) {
      threads.emplace_back([&, i] {
        if (i + 1 < users_.size()) {
          users_[i]->Run(node.url(), stop.get_token(), count);
        } else {
          users_[i]->Provide(node.url(), stop.get_token(), count);
        }
        const std::lock_guard lock(mutex);
        --running;
        some.notify_all();
      });
    }
    {
      std::unique_lock lock(mutex);
      some.wait(lock, [&] { return answered >= answers || running == 0; });
      EXPECT_GT(running, 0U) << "every user gave up on a node that lives";
    }
    node.Kill();
    stop.request_stop();
    threads.clear();
    answered_ += answered;
  }

  // Everything that the log of `data` must say.
  FoldedLog Check(const std::string& data) {
    Strings faults;
    FoldedLog log = FoldLog(data, &faults);
    CheckAllocators(log, &faults);
    for (const auto& user : users_) {
      CheckAnswers(user->commands(), log, &faults);
      faults.insert(faults.end(), user->faults().begin(), user->faults().end());
    }
    EXPECT_TRUE(faults.empty()) << Join(faults);
    return log;
  }

  // A node that is started and ended in good order leaves projections that equal the log.
  void CheckRestarted() {
    NodeProcess node(data_);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    ASSERT_EQ(node.Stop(), 0) << node.Errors();
    CompareAll();
  }
  void CompareAll() {
    const FoldedLog log = Check(data_);
    Strings faults;
    CompareProjections(data_, log, /*caught_up=*/true, &faults);
    EXPECT_TRUE(faults.empty()) << Join(faults);
  }

  // The next node says why it rebuilds, and has everything.
  void ExpectRebuilt(const std::string& why) {
    NodeProcess node(data_);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    EXPECT_THAT(node.Errors(), HasSubstr(why));
    EXPECT_EQ(node.Stop(), 0);
    CompareAll();
  }

  std::mt19937_64 random_;
  TempDir directory_{"kill9"};
  const std::string data_ = directory_ / "data";
  std::vector<std::unique_ptr<LoadUser>> users_;
  size_t answered_ = 0;
};

TEST_F(Kill9, NothingAcknowledgedIsLostOrDoubled) {
  size_t early = 0;
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    NodeProcess node(data_);
    // Some die while they start.
    if (Pick(8) == 0 && !node.WaitReady(Duration::Millis(static_cast<int64_t>(Pick(60))))) {
      ++early;
      node.Kill();
      continue;
    }
    ASSERT_TRUE(node.WaitReady()) << "round " << round << ": " << node.Errors();
    LoadAndKill(node, 1 + Pick(1200));
    EXPECT_THAT(node.Errors(), ::testing::Not(HasSubstr("derived anew")));
    if (round % 8 != 7) continue;
    // On a copy, so that the next node itself finds what the dead one left.
    const std::string copy = directory_ / "copy";
    fs::remove_all(copy);
    fs::copy(data_, copy, fs::copy_options::recursive);
    const FoldedLog log = Check(copy);
    Strings faults;
    CompareProjections(copy, log, /*caught_up=*/false, &faults);
    EXPECT_TRUE(faults.empty()) << Join(faults);
  }
  CheckRestarted();
  Strings ignored;
  const FoldedLog log = FoldLog(data_, &ignored);
  size_t sent = 0;
  size_t open = 0;
  size_t repeated = 0;
  for (const auto& user : users_) {
    for (const auto& [id, command] : user->commands()) {
      ++sent;
      open += command.answered == AnswerKind::kNot ? 1 : 0;
      repeated += command.duplicate ? 1 : 0;
    }
  }
  std::cout << fmt::format(
                   "{} rounds ({} killed while starting), {} commands, {} answered, {} never, {} "
                   "found decided on a second try; {} decisions on {} entities in {} terms",
                   kRounds, early, sent, answered_, open, repeated, log.decisions,
                   log.entities.size(), log.terms)
            << std::endl;
}

TEST_F(Kill9, ProjectionsThatAreGoneAreDerivedAnew) {
  for (int round = 0; round < 3; ++round) {
    NodeProcess node(data_);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadAndKill(node, 200);
    fs::remove_all(data_ + "/projections");
  }
  CheckRestarted();
}

// Killed while snapshots are taken and pruned: what is there is whole, and a store that is lost
// begins with it.
TEST_F(Kill9, SnapshotsAreWholeOrNotThere) {
  size_t taken = 0;
  for (int round = 0; round < 8 && !HasFailure(); ++round) {
    NodeProcess node(data_);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    const auto done = [&](Strings verb) {
      verb.insert(verb.begin(), {"--server", node.url(), "snapshot"});
      return RunSluiceBinary(verb).exit_code == 0;
    };
    taken += done({"take"}) ? 1 : 0;
    std::jthread taking([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        taken += done({"take"}) ? 1 : 0;
        done({"prune", "--keep", "2"});
      }
    });
    LoadAndKill(node, 1000 + Pick(2000));
    taking.request_stop();
    taking.join();
    const Finished verified = RunSluiceBinary({"--data", data_, "snapshot", "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    if (round % 3 == 2) fs::remove_all(data_ + "/projections");
  }
  EXPECT_GT(taken, 0U);
  CheckRestarted();
}

// Overwrites the middle of every SST file below `directory`; returns how many there are.
size_t DamageTables(const std::string& directory) {
  size_t damaged = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 3));
    file << "this is not what was written here";
    ++damaged;
  }
  return damaged;
}

TEST_F(Kill9, DamagedProjectionsAreDerivedAnewWithANotice) {
  {
    NodeProcess node(data_);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadAndKill(node, 200);
  }
  CheckRestarted();  // Ended in good order: everything is in tables.
  ASSERT_GT(DamageTables(data_ + "/projections"), 0U);
  ExpectRebuilt("derived anew");
}

TEST_F(Kill9, ProjectionsOfAnotherBuildAreDerivedAnewWithANotice) {
  {
    NodeProcess node(data_);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadAndKill(node, 200);
  }
  // Another build has other schemas, so another fingerprint.
  for (uint32_t partition = 0; partition < 4; ++partition) {
    StoreDbOptions options;
    options.path = fmt::format("{}/projections/{}", data_, partition);
    options.partition = partition;
    options.fingerprint = Hash128{.hi = 1, .lo = 2};
    options.memory = MakeStoreMemory(1 << 20, 1 << 20);
    std::string why;
    ASSERT_TRUE(OpenStoreDb(options, &why));
  }
  ExpectRebuilt("written by another build or format");
}

}  // namespace
}  // namespace sluice::testing
