// A replay takes the log apart by entity and must come out where reading it in order does.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "events/codec.h"
#include "projections/change_feed.h"
#include "projections/record_head.h"
#include "projections/replay_window.h"
#include "projections/store_keys.h"
#include "projections/store_values.h"
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

LogRecord RecordWithEverything(uint32_t seed) {
  LogRecord record;
  record.partition = 3;
  record.term = 2;
  record.sequence = seed;
  record.previous = Hash128{seed, 5};
  Decision& decision = record.decision.emplace();
  decision.origin = Origin{.epoch = {1, 2},
                           .input = seed % 2 == 0 ? Input::kInternal : Input::kCommands,
                           .partition = 3,
                           .offset = seed};
  decision.time = Time{1'000'000 + seed};
  Command& command = decision.command.emplace();
  command.id = "id";
  command.entity = seed % 5 == 0 ? "" : "lamp/default/x";
  command.payload = AnyTable::Of(Release{.skip = true});
  if (seed % 2 == 0) {
    command.source = FollowUpSource{.epoch = {9, seed},
                                    .partition = seed % 3,
                                    .term = 1,
                                    .number = seed / 6 + 1,
                                    .sequence = 7,
                                    .entity = "lamp/default/y"};
  }
  for (uint32_t i = 0; i < seed % 4; ++i) {
    FollowUp follow_up{.target_partition = i, .number = 1};
    follow_up.command = command;
    decision.effects.follow_ups.push_back(std::move(follow_up));
  }
  return record;
}

TEST(RecordHead, FoldsThePartitionAsTheWholeRecordDoes) {
  RecordHead head;  // its storage is used again
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const LogRecord record = RecordWithEverything(seed);
    const Bytes bytes = Pack(record);
    ASSERT_TRUE(ReadRecordHead(bytes, &head)) << seed;
    EXPECT_EQ(head.entity, record.decision->command->entity);
    PartitionState before;
    before.partition = 3;
    before.term = 2;
    before.next_sequence = seed;
    before.chain = record.previous;
    PartitionState by_head = before;
    PartitionState by_record = before;
    const auto folded = FoldPartition(by_head, head.record, bytes);
    EXPECT_EQ(FoldPartition(by_record, record, bytes).has_value(), folded.has_value());
    EXPECT_EQ(Pack(by_head), Pack(by_record)) << seed;
    EXPECT_NE(Pack(by_head), Pack(before)) << seed;
  }
}

TEST(RecordHead, LeavesToUnpackWhatIsNotAnEntitysDecision) {
  RecordHead head;
  LogRecord opened;
  opened.opened = Opened{};
  EXPECT_FALSE(ReadRecordHead(Pack(opened), &head));
  LogRecord settings = RecordWithEverything(1);
  settings.decision->command->to_partition = 3;
  EXPECT_FALSE(ReadRecordHead(Pack(settings), &head));
  LogRecord answered = RecordWithEverything(1);
  answered.decision->command->payload = AnyTable::Of(Answered{});
  EXPECT_FALSE(ReadRecordHead(Pack(answered), &head));
  EXPECT_FALSE(ReadRecordHead("", &head));
}

TEST(RecordHead, ReadsNoByteOutsideOfWhatItIsGiven) {
  RecordHead head;
  const Bytes whole = Pack(RecordWithEverything(6));
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    ReadRecordHead({cut.data(), cut.size()}, &head);
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<char> wrong(whole.begin(), whole.end());
    wrong[at] = static_cast<char>(wrong[at] ^ 0xff);
    ReadRecordHead({wrong.data(), wrong.size()}, &head);
  }
}

TEST(StoreValues, ReadWhatTheyWrite) {
  EntityMarks marks;
  marks.quarantined = "broken";
  marks.parked = {4, 9};
  const std::vector<std::string> mentions = {"L", std::string("lsize\0big\0", 10)};
  const std::string root("\0root\xff", 6);
  store::EntityParts parts;
  parts.decisions = 200;
  parts.version = 300;
  parts.sequence = 1u << 20;
  parts.item_hash_sum = {1, 2};
  parts.state_hash = {3, UINT64_MAX};
  parts.marks = &marks;
  parts.mentions = &mentions;
  parts.root = root;
  std::string value;
  store::EncodeEntity(parts, &value);
  const auto record = store::DecodeEntity(value);
  ASSERT_TRUE(record);
  EXPECT_EQ(store::EntityDecisions(value), parts.decisions);
  EXPECT_EQ(record->version, parts.version);
  EXPECT_EQ(record->sequence, parts.sequence);
  EXPECT_EQ(record->item_hash_sum, parts.item_hash_sum);
  EXPECT_EQ(record->state_hash, parts.state_hash);
  EXPECT_EQ(record->marks, marks);
  EXPECT_EQ(record->index_keys, mentions);
  EXPECT_EQ(record->root, root);
  for (size_t size = 0; size < value.size() - root.size(); ++size) {
    EXPECT_FALSE(store::DecodeEntity(value.substr(0, size))) << size;
  }

  RememberedCommand command;
  command.fingerprint = {7, 8};
  command.sequence = 1u << 30;
  command.time = Time{1'790'000'000'000'000};
  for (const bool answered : {false, true}) {
    if (answered) command.answered_by = 77;
    command.reply_deferred = answered;
    store::EncodeCommand(command, &value);
    EXPECT_EQ(*store::DecodeCommand(value), command);
    EXPECT_EQ(store::CommandTime(value), command.time);
    for (size_t size = 0; size < value.size(); ++size) {
      EXPECT_FALSE(store::DecodeCommand(value.substr(0, size))) << size;
    }
  }
}

}  // namespace
}  // namespace sluice
