// A replay takes the log apart by entity and must come out where reading it in order does.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "events/codec.h"
#include "projections/change_feed.h"
#include "projections/replay_window.h"
#include "projections/store_keys.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::Rows;
using testing::StoreTest;
using testing::TestLog;

ReadEvents ReaderOf(const std::vector<Bytes>& records) {
  return [&records](uint64_t from, const EventVisitor& visit) -> Result<void> {
    for (uint64_t i = from; i < records.size(); ++i) {
      if (!visit(i, records[i])) break;
    }
    return {};
  };
}

// The same log with wrong hashes of states at `sequences`; its chain holds.
std::vector<Bytes> Diverging(const TestLog& log, const std::vector<uint64_t>& sequences) {
  std::vector<Bytes> records;
  Hash128 chain;
  for (const Bytes& bytes : log.records()) {
    LogRecord record = *Unpack<LogRecord>(bytes);
    record.previous = chain;
    if (std::find(sequences.begin(), sequences.end(), record.sequence) != sequences.end()) {
      record.decision->state_hash.lo ^= 1;
    }
    records.push_back(Pack(record));
    chain = Xxh128(records.back());
  }
  return records;
}

class ReplayTest : public StoreTest {
 protected:
  ReplayTest() {
    for (uint64_t round = 0; round < 8; ++round) Work(log_, 50, 3 + round);
  }

  // Rows of a store that recovered from `log_` with these bounds of a window.
  std::map<std::string, std::string> RowsBy(size_t batch_decisions, size_t sorted_files_from) {
    const std::string name = fmt::format("by-{}-{}", batch_decisions, sorted_files_from);
    {
      auto store = Open(name);
      const auto recovered = Recover(*store, {.read = log_.Reader(),
                                              .end_sequence = log_.end(),
                                              .batch_decisions = batch_decisions,
                                              .sorted_files_from = sorted_files_from});
      EXPECT_TRUE(recovered) << recovered.error().message;
      EXPECT_EQ(recovered->replayed, log_.end());
    }
    return Rows(Path(name));
  }

  // Sequences of accepted decisions about `entity`.
  std::vector<uint64_t> Accepted(const std::string& entity) const {
    std::vector<uint64_t> sequences;
    for (const Bytes& bytes : log_.records()) {
      const LogRecord record = *Unpack<LogRecord>(bytes);
      if (record.decision && record.decision->verdict == Verdict::kAccepted &&
          record.decision->command->entity == entity) {
        sequences.push_back(record.sequence);
      }
    }
    return sequences;
  }

  TestLog log_{LampKinds()};
};

TEST_F(ReplayTest, WindowsOfAnySizeGiveWhatReadingInOrderDoes) {
  {
    ChangeFeed feed(1, 1 << 20);
    auto store = Open("in-order", &feed);
    const auto recovered = Recover(
        *store, {.read = log_.Reader(), .end_sequence = log_.end(), .feed_last = UINT64_MAX / 2});
    ASSERT_TRUE(recovered) << recovered.error().message;
  }
  const auto in_order = Rows(Path("in-order"));
  for (const size_t decisions : {1, 7, 90, 100'000}) {
    EXPECT_EQ(RowsBy(decisions, 1'000'000), in_order) << decisions;
  }
  for (const size_t decisions : {60, 150, 100'000}) {
    EXPECT_EQ(RowsBy(decisions, 1), in_order) << decisions;
  }
}

TEST_F(ReplayTest, TheFirstDivergenceIsTheOneReported) {
  // The later one is of an entity that is folded before.
  const uint64_t early = Accepted(Lamp(5)).at(2);
  const std::vector<uint64_t> of_first = Accepted(Lamp(0));
  const uint64_t late = *std::upper_bound(of_first.begin(), of_first.end(), early);
  const std::string name = fmt::format("{} at {} ", Lamp(5), early);
  for (const size_t decisions : {60, 100'000}) {
    for (const size_t sorted_files_from : {1, 1'000'000}) {
      const auto records = Diverging(log_, {early, late});
      auto store = Open(fmt::format("diverging-{}-{}", decisions, sorted_files_from));
      const auto recovered = Recover(*store, {.read = ReaderOf(records),
                                              .end_sequence = records.size(),
                                              .batch_decisions = decisions,
                                              .sorted_files_from = sorted_files_from});
      ASSERT_FALSE(recovered);
      EXPECT_EQ(recovered.error().code, ErrorCode::kCorruption);
      EXPECT_NE(recovered.error().message.find(name), std::string::npos)
          << recovered.error().message;
      // What was written ends before it, with the window before.
      EXPECT_LE(store->NextSequence(), early);
      EXPECT_GT(store->NextSequence() + decisions + 16, early);
    }
  }
}

TEST_F(ReplayTest, ADivergenceIsReportedBeforeABrokenChainBehindIt) {
  const uint64_t early = Accepted(Lamp(3)).at(1);
  auto records = Diverging(log_, {early});
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(early) + 5);
  auto store = Open("both");
  const auto diverged =
      Recover(*store, {.read = ReaderOf(records), .end_sequence = records.size()});
  ASSERT_FALSE(diverged);
  EXPECT_NE(diverged.error().message.find("I5"), std::string::npos) << diverged.error().message;

  records = Diverging(log_, {});
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(early) + 5);
  const auto broken = Recover(*store, {.read = ReaderOf(records), .end_sequence = records.size()});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("I3"), std::string::npos) << broken.error().message;
  EXPECT_EQ(store->NextSequence(), 0u);
}

// Three windows: with more, a compaction would take files away while they are copied.
TEST_F(ReplayTest, KilledAnywhereItRecoversToTheSame) {
  const auto expected = RowsFromZero(log_);
  const auto options = [](ReadEvents read) {
    RecoveryOptions recovery;
    recovery.read = std::move(read);
    recovery.batch_decisions = 150;
    recovery.sorted_files_from = 1;
    return recovery;
  };
  std::vector<std::string> killed;
  {
    auto store = Open("killed");
    uint64_t read = 0;
    const auto recovered = Recover(*store, options([&](uint64_t from, const EventVisitor& visit) {
      return log_.Reader()(from, [&](uint64_t sequence, std::string_view record) {
        if (++read % 61 == 0) killed.push_back(Killed("killed", fmt::format("at-{}", read)));
        return visit(sequence, record);
      });
    }));
    ASSERT_TRUE(recovered) << recovered.error().message;
  }
  ASSERT_GT(killed.size(), 5u);
  for (const std::string& name : killed) {
    // A file that was being written then is there, too.
    std::ofstream(testing::DatabaseIn(Path(name)) + "/ingest-1.sst") << "half a file";
    {
      auto store = Open(name);
      const auto recovered = Recover(*store, options(log_.Reader()));
      ASSERT_TRUE(recovered) << recovered.error().message;
    }
    EXPECT_EQ(rebuilt_, "");
    EXPECT_EQ(Rows(Path(name)), expected) << name;
    EXPECT_FALSE(std::filesystem::exists(testing::DatabaseIn(Path(name)) + "/ingest-1.sst"));
  }
}

TEST_F(ReplayTest, WhoeverWaitsIsToldOfHisDecisionsWhole) {
  const auto told = [&](const std::string& name, ChangeFeed* feed, uint64_t feed_last) {
    std::vector<uint64_t> sequences;
    RecoveryOptions options;
    options.read = log_.Reader();
    options.end_sequence = log_.end();
    options.feed_last = feed_last;
    options.batch_decisions = 100;
    options.awaits = [](const LogRecord& head) { return head.decision->origin->offset % 3 == 0; };
    options.on_decision = [&](const LogRecord& record) {
      EXPECT_EQ(Pack(record), log_.records()[record.sequence]);
      sequences.push_back(record.sequence);
    };
    auto store = Open(name, feed);
    EXPECT_TRUE(Recover(*store, options));
    return sequences;
  };
  std::vector<uint64_t> expected;
  for (const Bytes& bytes : log_.records()) {
    const LogRecord record = *Unpack<LogRecord>(bytes);
    if (record.decision && record.decision->origin->offset % 3 == 0) {
      expected.push_back(record.sequence);
    }
  }
  ChangeFeed feed(1, 1 << 20);
  EXPECT_EQ(told("windows", nullptr, 0), expected);
  EXPECT_EQ(told("in-order", &feed, UINT64_MAX / 2), expected);
}

TEST(ReplayWindow, GivesEntitiesInOrderOfTheirRowsAndTheirRecordsInOrder) {
  ReplayWindow window;
  // A name that the text with slashes would order otherwise.
  const std::vector<std::string> entities = {"lamp/b/x", "lamp/a/x", "lamp/a-b/x", "lamp/a/w"};
  for (uint64_t i = 0; i < 40; ++i) {
    window.Add(i, entities[i * 7 % 4], "record " + std::to_string(i));
  }
  window.AddOther();
  EXPECT_EQ(window.decisions(), 41u);
  std::vector<std::string> order;
  size_t records = 0;
  for (const ReplayWindow::Run& run : window.Runs()) {
    order.emplace_back(run.entity);
    EXPECT_EQ(run.prefix, store::EntityPrefix(run.entity));
    std::optional<uint64_t> last;
    window.ForEach(run, [&](const ReplayWindow::Record& record) {
      EXPECT_EQ(entities[record.sequence * 7 % 4], run.entity);
      EXPECT_EQ(record.bytes, "record " + std::to_string(record.sequence));
      EXPECT_TRUE(!last || *last < record.sequence);
      last = record.sequence;
      ++records;
      return true;
    });
  }
  EXPECT_EQ(records, 40u);
  EXPECT_EQ(order, (std::vector<std::string>{"lamp/a/w", "lamp/a/x", "lamp/a-b/x", "lamp/b/x"}));
  window.Clear();
  EXPECT_TRUE(window.Runs().empty());
  EXPECT_EQ(window.ByteSize(), 0u);
}

}  // namespace
}  // namespace sluice
