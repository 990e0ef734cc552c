// Who may write to a partition while it passes from one owner to another, on a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/journal/kafka/kafka_core.h"
#include "engine/journal/kafka/kafka_transactions.h"
#include "engine/journal/kafka/tests/kafka_journal_fixture.h"
#include "engine/journal/tests/journal_conformance.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

// Taking over a partition is taking over several ids, one after the other: whatever a zombie does
// between two of them, and whichever of them its next transaction goes through.
class TakeOver : public KafkaJournalTest {
 protected:
  static constexpr Duration kPatience = Duration::Seconds(30);

  // A producer with the partition's `number`th transactional id: what takes over no more than that.
  std::unique_ptr<kafka::Producer> Take(size_t number) {
    auto producer =
        kafka::Producer::Make({{"bootstrap.servers", KafkaBroker::Bootstrap()},
                               {"transactional.id", kafka::TransactionalIds(cluster_, 0)[number]}});
    EXPECT_TRUE(producer);
    if (!producer) return nullptr;
    const auto taken = (*producer)->InitTransactions(kPatience);
    EXPECT_TRUE(taken) << taken.error().message;
    return std::move(*producer);
  }
  // A decision like the journal's own, uncommitted as yet.
  Result<void> Write(kafka::Producer& producer, const std::string& record, uint64_t sequence) {
    if (auto begun = producer.Begin(); !begun) return begun;
    return producer.Produce(kafka::TopicNames(cluster_).events, 0, "", record,
                            kafka::PlaceHeaders(sequence, 0), 0, kPatience);
  }
  static Result<void> Commit(PartitionJournal& term, uint64_t sequence, std::string record) {
    return CommitNow(term, {.first_sequence = sequence, .records = {std::move(record)}});
  }
};

TEST_F(TakeOver, FencesWhicheverIdIsNext) {
  auto one = Open("one");
  auto two = Open("two");
  uint64_t next = 0;
  std::vector<std::string> expected;
  for (size_t before = 1; before <= kafka::kTransactionalIds + 1; ++before) {
    auto zombie = *one->OpenPartition(0);
    ASSERT_EQ(zombie->EndSequence(), next);
    for (size_t i = 0; i < before; ++i) {
      expected.push_back(std::to_string(next));
      ASSERT_TRUE(Commit(*zombie, next, expected.back()));
      ++next;
    }
    auto owner = *two->OpenPartition(0);
    const auto fenced = Commit(*zombie, next, "zombie");
    ASSERT_FALSE(fenced);
    EXPECT_EQ(fenced.error().code, ErrorCode::kFenced) << fenced.error().message;
    expected.push_back(std::to_string(next));
    ASSERT_TRUE(Commit(*owner, next, expected.back()));
    ++next;
  }
  EXPECT_EQ(ReadAll(*two, 0), expected);
}

TEST_F(TakeOver, AZombieThatLostItsFirstIdOnlyCommitsNothingItsHeirDoesNotRead) {
  auto one = Open("one");
  auto two = Open("two");
  auto zombie = *one->OpenPartition(0);
  ASSERT_TRUE(Commit(*zombie, 0, "a"));
  const auto first = Take(0);
  // Its next goes through the second id: it is still the owner, and committed.
  ASSERT_TRUE(Commit(*zombie, 1, "b"));
  const auto fenced = Commit(*zombie, 2, "zombie");
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, ErrorCode::kFenced) << fenced.error().message;
  auto owner = *two->OpenPartition(0);
  EXPECT_EQ(owner->EndSequence(), 2u);
  ASSERT_TRUE(Commit(*owner, 2, "c"));
  EXPECT_THAT(ReadAll(*two, 0), ElementsAre("a", "b", "c"));
}

TEST_F(TakeOver, AZombieThatLostItsSecondIdOnlyEndsThere) {
  auto one = Open("one");
  auto zombie = *one->OpenPartition(0);
  ASSERT_TRUE(Commit(*zombie, 0, "a"));
  const auto second = Take(1);
  ASSERT_FALSE(Commit(*zombie, 1, "zombie"));
  // Its first id is its own still; nothing is committed behind what was not.
  ASSERT_FALSE(Commit(*zombie, 2, "zombie"));
  auto two = Open("two");
  auto owner = *two->OpenPartition(0);
  EXPECT_EQ(owner->EndSequence(), 1u);
  ASSERT_TRUE(Commit(*owner, 1, "b"));
  EXPECT_THAT(ReadAll(*two, 0), ElementsAre("a", "b"));
}

// Each has one of the ids: who has the first has the term, and only as far as that goes.
TEST_F(TakeOver, OfTwoRivalsWhoHasNotTheFirstIdWritesNothing) {
  auto journal = Open("one");
  auto rival_first = Take(0);
  auto term = *journal->OpenPartition(0);
  auto rival_second = Take(1);
  ASSERT_TRUE(Commit(*term, 0, "opened"));
  Result<void> opened = Write(*rival_first, "rival", 1);
  if (opened) opened = rival_first->Commit(kPatience);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kFenced) << opened.error().message;
  const auto ended = Commit(*term, 1, "second");
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kFenced) << ended.error().message;
  term = *journal->OpenPartition(0);
  EXPECT_EQ(term->EndSequence(), 1u);
}

TEST_F(TakeOver, SettlesWhatIsOpenUnderAnyId) {
  auto journal = Open("one");
  for (size_t number = 0; number < kafka::kTransactionalIds; ++number) {
    const auto left = Take(number);
    ASSERT_TRUE(Write(*left, "left open", number));
    ASSERT_TRUE(left->Flush(kPatience));
    auto term = *journal->OpenPartition(0);
    EXPECT_EQ(term->EndSequence(), number);
    ASSERT_TRUE(Commit(*term, number, std::to_string(number)));
  }
  EXPECT_THAT(ReadAll(*journal, 0), ElementsAre("0", "1"));
}

}  // namespace
}  // namespace sluice
