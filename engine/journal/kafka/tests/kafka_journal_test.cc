// The journal's conformance suite, and what is Kafka's own, against a real broker.
#include "engine/journal/kafka/kafka_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/journal/kafka/kafka_topics.h"
#include "engine/journal/kafka/tests/kafka_journal_fixture.h"
#include "engine/journal/tests/journal_conformance.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const auto* const kBroker = testing::AddGlobalTestEnvironment(new KafkaBroker);  // NOLINT: gtest's

class KafkaHarness final : public JournalHarness {
 public:
  explicit KafkaHarness(uint32_t partitions)
      : partitions_(partitions), cluster_(KafkaBroker::FreshCluster()) {
    Reopen();
  }
  Journal& journal() override { return *journal_; }
  bool holds_inputs() const override { return false; }
  void Reopen() override {
    journal_.reset();
    auto opened = KafkaJournal::Open(OptionsFor(cluster_, directory_.Sub("archive"), partitions_));
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      abort();
    }
    journal_ = std::move(*opened);
  }

 private:
  TempDirectory directory_;
  const uint32_t partitions_;
  const std::string cluster_;
  std::unique_ptr<KafkaJournal> journal_;
};

INSTANTIATE_TEST_SUITE_P(
    Kafka, JournalConformance,
    testing::Values(NamedHarness{
        "Kafka", [](uint32_t partitions) { return std::make_unique<KafkaHarness>(partitions); }}),
    HarnessName);

TEST_F(KafkaJournalTest, ANodeThatLostItsDirectoryReadsTheTopicAgain) {
  {
    auto journal = Open("first");
    auto term = *journal->OpenPartition(0);
    ASSERT_TRUE(CommitNow(*term, {.records = {"a", "b"}}));
    ASSERT_TRUE(CommitNow(*term, {.first_sequence = 2, .records = {"c"}}));
  }
  auto elsewhere = Open("second");
  EXPECT_THAT(ReadAll(*elsewhere, 0), ElementsAre("a", "b", "c"));
}

TEST_F(KafkaJournalTest, AnotherNodesTermFencesThisOnes) {
  auto one = Open("one");
  auto two = Open("two");
  EXPECT_EQ(one->epoch(), two->epoch());
  auto term_one = *one->OpenPartition(0);
  ASSERT_TRUE(CommitNow(*term_one, {.records = {"a"}}));
  auto term_two = *two->OpenPartition(0);
  EXPECT_EQ(term_two->EndSequence(), 1u);
  const auto zombie = CommitNow(*term_one, {.first_sequence = 1, .records = {"zombie"}});
  ASSERT_FALSE(zombie);
  EXPECT_EQ(zombie.error().code, ErrorCode::kFenced) << zombie.error().message;
  ASSERT_TRUE(CommitNow(*term_two, {.first_sequence = 1, .records = {"b"}}));
  EXPECT_THAT(ReadAll(*two, 0), ElementsAre("a", "b"));
}

// Three follow-ups in a transaction each, whose mark takes an offset, too.
TEST_F(KafkaJournalTest, WhatWaitsIsCountedAndMarksAreNotOnceTheEndIsMet) {
  auto journal = Open("one", 2);
  auto source = *journal->OpenPartition(1);
  auto term = *journal->OpenPartition(0);
  ASSERT_TRUE(term->StartInputs({}));
  AwaitInputsWaiting(*term, 0);
  for (uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        CommitNow(*source, {.first_sequence = i, .records = {"r"}, .follow_ups = {{0, "f"}}}));
  }
  AwaitInputsWaiting(*term, 6);
  EXPECT_THAT(Payloads(PollUntil(*term, Input::kInternal, 3)), ElementsAre("f", "f", "f"));
  AwaitInputsWaiting(*term, 0);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(journal->Append(0, UserCommand("c")));
  AwaitInputsWaiting(*term, 4);
  PollUntil(*term, Input::kCommands, 1, {.max_records = 1});
  AwaitInputsWaiting(*term, 3);
  PollUntil(*term, Input::kCommands, 3);
  AwaitInputsWaiting(*term, 0);
}

TEST_F(KafkaJournalTest, TicketsComeBackToTheirOwnProcessOnly) {
  auto one = Open("one");
  auto two = Open("two");
  auto term = *two->OpenPartition(0);
  ASSERT_TRUE(term->StartInputs({}));
  InputRecord command = UserCommand("x");
  command.ticket = 7;
  ASSERT_TRUE(one->Append(0, command));
  command.ticket = 9;
  ASSERT_TRUE(two->Append(0, command));
  const auto records = PollUntil(*term, Input::kCommands, 2);
  std::vector<uint64_t> tickets;
  for (const InputRecord& record : records) tickets.push_back(record.ticket);
  EXPECT_THAT(tickets, ::testing::UnorderedElementsAre(0u, 9u));
}

TEST_F(KafkaJournalTest, PollKeepsToItsLimits) {
  auto journal = Open("a");
  WakeupSignal signal;  // Outlives the term, which rings it.
  auto term = *journal->OpenPartition(0);
  ASSERT_TRUE(term->StartInputs({}));
  for (const size_t size : {10, 10, 10, 5000, 10}) {
    ASSERT_TRUE(journal->Append(0, UserCommand(std::string(size, 'x'))));
  }
  const PollLimits limits{.max_records = 2, .max_bytes = 1000};
  std::vector<size_t> sizes;
  term->SetWakeup(signal.Callback());
  while (sizes.size() < 5) {
    std::vector<InputRecord> records;
    ASSERT_TRUE(term->Poll(Input::kCommands, limits, &records));
    EXPECT_LE(records.size(), 2u);
    size_t bytes = 0;
    for (const InputRecord& record : records) {
      sizes.push_back(record.payload.size());
      bytes += record.payload.size();
    }
    EXPECT_TRUE(records.size() == 1 || bytes <= 1000);
    if (records.empty()) {
      ASSERT_TRUE(signal.Wait());
    }
  }
  EXPECT_THAT(sizes, ElementsAre(10, 10, 10, 5000, 10));
  term->SetWakeup(nullptr);
}

TEST_F(KafkaJournalTest, AnInputThatIsNotTheOneDecidedFromStopsThePartition) {
  auto journal = Open("a");
  auto term = *journal->OpenPartition(0);
  const auto refused = term->StartInputs({.commands = 5});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("InputReplaced"));
}

TEST_F(KafkaJournalTest, TopicsThatWouldBreakAnInvariantAreRefused) {
  kafka::Config config = {{"bootstrap.servers", KafkaBroker::Bootstrap()}};
  auto admin = kafka::Admin::Make(config);
  ASSERT_TRUE(admin);
  const kafka::TopicNames names(cluster_);
  ASSERT_TRUE((*admin)->CreateTopics({{names.events, 2, 1, {{"cleanup.policy", "compact"}}}}));
  auto refused = KafkaJournal::Open(OptionsFor(cluster_, directory_.Sub("a"), 2));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("cleanup.policy"));
}

TEST_F(KafkaJournalTest, AnotherNumberOfPartitionsIsRefused) {
  Open("a", 2);
  auto refused = KafkaJournal::Open(OptionsFor(cluster_, directory_.Sub("b"), 3));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("2 partitions"));
}

TEST_F(KafkaJournalTest, ABrokerThatIsNotThereIsSaidSo) {
  KafkaOptions options = OptionsFor(cluster_, directory_.Sub("a"), 1);
  options.bootstrap = "127.0.0.1:1";
  options.properties["socket.connection.setup.timeout.ms"] = "1000";
  auto refused = KafkaJournal::Open(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
}

}  // namespace
}  // namespace sluice
