// An import into a cluster's topics that is killed at any of its steps.
#include "engine/journal/kafka/kafka_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "engine/clock.h"
#include "engine/journal/kafka/kafka_journal.h"
#include "engine/journal/kafka/tests/kafka_broker.h"
#include "events/codec.h"
#include "events/epoch.h"
#include "replay/import.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using replay::ExportHeader;
using replay::ExportReader;
using ::testing::HasSubstr;

// Ends like a process that is killed: at its `steps`th step.
class Killed final : public LogImport {
 public:
  Killed(LogImport& target, size_t steps) : target_(target), left_(steps) {}
  Hash128 epoch() const override { return target_.epoch(); }
  Result<void> Add(const LogRecord& record, Bytes bytes) override {
    return Step([&] { return target_.Add(record, std::move(bytes)); });
  }
  Result<void> Close(const ImportEnd& end) override {
    return Step([&] { return target_.Close(end); });
  }
  Result<void> Finish() override {
    return Step([&] { return target_.Finish(); });
  }

 private:
  template <class F>
  Result<void> Step(const F& step) {
    if (left_ == 0) return Err(ErrorCode::kUnavailable, "killed");
    --left_;
    return step();
  }
  LogImport& target_;
  size_t left_;
};

class KafkaImportSteps : public ::testing::Test {
 protected:
  KafkaImportSteps() : cluster_(KafkaBroker::FreshCluster()) {}

  KafkaOptions Options() const {
    static const SystemClock kClock;
    KafkaOptions options;
    options.bootstrap = KafkaBroker::Bootstrap();
    options.cluster = cluster_;
    options.archive_path = directory_ / "archive";
    options.clock = &kClock;
    return options;
  }

  // A log of two partitions, of terms alone.
  std::string Log(const std::string& node, size_t records) const {
    std::ostringstream out;
    ExportHeader header;
    header.partitions = 2;
    header.epoch = ToHex(Hash128{1, 1});
    header.coverage = {records, records};
    replay::ExportWriter writer(out, replay::ExportForm::kBinary, header);
    for (uint32_t partition = 0; partition < 2; ++partition) {
      Hash128 chain;
      for (uint64_t sequence = 0; sequence < records; ++sequence) {
        LogRecord record;
        record.partition = partition;
        record.term = sequence + 1;
        record.sequence = sequence;
        record.previous = chain;
        record.opened = Opened{.epoch = {1, 1}, .node = node, .partitions = 2};
        Bytes bytes = Pack(record);
        chain = Xxh128(bytes);
        writer.Add(
            {.position = {partition, sequence}, .bytes = std::move(bytes), .decision_json = ""});
      }
    }
    EXPECT_TRUE(writer.Finish());
    return out.str();
  }

  // As `sluice import` does, killed after so many steps.
  Result<replay::Imported> ImportSteps(const std::string& text, size_t steps) {
    std::istringstream in(text);
    auto reader = ExportReader::Open(in);
    if (!reader) return tl::unexpected(reader.error());
    auto begun = KafkaImport::Begin(Options(),
                                    {.partitions = 2,
                                     .epoch = reader->header().epoch,
                                     .coverage = FormatCoverage(reader->header().coverage)},
                                    /*records_per_commit=*/2);
    if (!begun) return tl::unexpected(begun.error());
    Killed killed(**begun, steps);
    return replay::ImportInto(killed, *reader);
  }

  TempDir directory_{"import"};
  const std::string cluster_;
};

constexpr size_t kAllSteps = 1000;

TEST_F(KafkaImportSteps, KilledAtAnyStepNoNodeStartsAndTheNextTryGoesOn) {
  constexpr size_t kRecords = 3;
  const std::string log = Log("node", kRecords);
  // Before each record, before closing, before it is said to be finished.
  for (size_t steps = 0; steps <= 2 * kRecords + 1; ++steps) {
    const auto killed = ImportSteps(log, steps);
    ASSERT_FALSE(killed) << steps;
    ASSERT_EQ(killed.error().message, "killed") << steps;
    const auto opened = KafkaJournal::Open(Options());
    ASSERT_FALSE(opened) << steps;
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(opened.error().message, HasSubstr("the import into " + cluster_));
    EXPECT_THAT(opened.error().message, HasSubstr("is not finished"));
  }
  const auto done = ImportSteps(log, kAllSteps);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->records, 2 * kRecords);
  const auto journal = KafkaJournal::Open(Options());
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ(ToHex((*journal)->epoch()), done->epoch);
  for (uint32_t partition = 0; partition < 2; ++partition) {
    std::vector<LogRecord> records;
    EXPECT_TRUE((*journal)->ReadEvents(partition, 0, [&](uint64_t, std::string_view bytes) {
      records.push_back(*Unpack<LogRecord>(bytes));
      return true;
    }));
    ASSERT_EQ(records.size(), kRecords + 1);
    ASSERT_NE(OpenedEpoch(records.back()), nullptr);
    EXPECT_EQ(OpenedEpoch(records.back())->epoch, (*journal)->epoch());
    EXPECT_EQ(records.back().term, kRecords);
  }
}

TEST_F(KafkaImportSteps, AnotherExportDoesNotGoOnWithIt) {
  ASSERT_FALSE(ImportSteps(Log("node", 3), 4));
  const auto longer = ImportSteps(Log("node", 4), kAllSteps);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(longer.error().message, HasSubstr("another import into " + cluster_));
  // Said to be the same, and is not.
  ASSERT_FALSE(ImportSteps(Log("node", 3), 2 * 3));
  const auto other = ImportSteps(Log("other", 3), kAllSteps);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("has brought another record"));
}

TEST_F(KafkaImportSteps, TopicsThatHoldSomethingAreRefused) {
  {
    KafkaOptions options = Options();
    options.partitions = 2;
    ASSERT_TRUE(KafkaJournal::Open(options));
  }
  const auto refused = ImportSteps(Log("node", 2), kAllSteps);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("has a log already"));
}

TEST_F(KafkaImportSteps, AnotherNumberOfPartitionsIsRefused) {
  {
    KafkaOptions options = Options();
    options.partitions = 3;
    ASSERT_TRUE(KafkaJournal::Open(options));
  }
  const auto refused = ImportSteps(Log("node", 2), kAllSteps);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("have 3 partitions, not 2"));
}

}  // namespace
}  // namespace sluice::testing
