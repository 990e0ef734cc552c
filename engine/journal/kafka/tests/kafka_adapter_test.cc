#include <thread>
// What brokers answer, as codes of ours: which errors pass, which fence, what is said to be done.
// Against librdkafka's own mock of a broker, which answers what it is told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Of Kafka's protocol.
enum ApiKey : int16_t { kProduce = 0, kMetadata = 3, kInitProducerId = 22, kEndTxn = 26 };

constexpr Duration kPatience = Duration::Seconds(10);
const char* const kTopic = "t";

class KafkaAdapter : public ::testing::Test {
 protected:
  KafkaAdapter()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        brokers_(rd_kafka_mock_cluster_new(handle_, 1)) {
    rd_kafka_mock_topic_create(brokers_, kTopic, 1, 1);
  }
  ~KafkaAdapter() override {
    rd_kafka_mock_cluster_destroy(brokers_);
    rd_kafka_destroy(handle_);
  }

  std::unique_ptr<Producer> Transactional(Hurry hurry = nullptr) {
    auto producer =
        Producer::Make({{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(brokers_)},
                        {"transactional.id", "x"},
                        {"retry.backoff.ms", "2"}},
                       {}, hurry);
    EXPECT_TRUE(producer);
    return producer ? std::move(*producer) : nullptr;
  }
  // The next so many requests of a kind are answered with `error`.
  void Answer(ApiKey request, rd_kafka_resp_err_t error, int times = 1) {
    const std::vector<rd_kafka_resp_err_t> errors(static_cast<size_t>(times), error);
    rd_kafka_mock_push_request_errors_array(brokers_, request, errors.size(), errors.data());
  }
  static Result<void> Transact(Producer& producer, Duration patience = kPatience) {
    if (auto begun = producer.Begin(); !begun) return begun;
    if (auto produced = producer.Produce(kTopic, 0, "k", "v", {}, 1, kPatience); !produced) {
      return produced;
    }
    return producer.Commit(patience);
  }

  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* brokers_;
};

TEST_F(KafkaAdapter, ATransactionIsCommitted) {
  const auto producer = Transactional();
  ASSERT_TRUE(producer->InitTransactions(kPatience));
  EXPECT_TRUE(Transact(*producer));
  EXPECT_TRUE(Transact(*producer));
  EXPECT_FALSE(producer->IsDead());
}

// The library asserts that it knows of a request that is broken off, and a record's request for its
// partition it sends by itself, a moment later: one in some thousand of these ended the process.
TEST_F(KafkaAdapter, AProducerMayGoRightAfterATransactionsFirstRecord) {
  constexpr int kProducers = 400;
  for (int i = 0; i < kProducers; ++i) {
    const auto producer = Transactional();
    ASSERT_TRUE(producer->InitTransactions(kPatience));
    ASSERT_TRUE(producer->Warm({kTopic}, kPatience));
    ASSERT_TRUE(producer->Begin());
    ASSERT_TRUE(producer->Produce(kTopic, 0, "k", "v", {}, 1, kPatience));
    for (int turn = 0; turn < i; ++turn) std::this_thread::yield();  // every time a little later
  }
}

TEST_F(KafkaAdapter, ARefusedTransactionalIdMayBeAllowedLater) {
  Answer(kInitProducerId, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  const auto producer = Transactional();
  const auto refused = producer->InitTransactions(kPatience);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
  EXPECT_THAT(refused.error().message,
              HasSubstr("allow Write on transactional id x with kafka-acls"));
  EXPECT_TRUE(producer->IsDead());  // another one is made for the next term
  const auto next = Transactional();
  EXPECT_TRUE(next->InitTransactions(kPatience));
}

TEST_F(KafkaAdapter, ARefusedTopicMayBeAllowedLater) {
  const auto producer = Transactional();
  ASSERT_TRUE(producer->InitTransactions(kPatience));
  Answer(kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto refused = Transact(*producer);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().code, ErrorCode::kInvalid) << refused.error().message;
  EXPECT_NE(refused.error().code, ErrorCode::kFenced) << refused.error().message;
  EXPECT_THAT(refused.error().message, HasSubstr("allow Write on topic t with kafka-acls"));
  const auto next = Transactional();
  ASSERT_TRUE(next->InitTransactions(kPatience));
  EXPECT_TRUE(Transact(*next));
}

// What the client says of the whole transaction names neither.
TEST_F(KafkaAdapter, ARecordThatIsTooLargeIsToldWithItsTopic) {
  const auto producer = Transactional();
  ASSERT_TRUE(producer->InitTransactions(kPatience));
  Answer(kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  const auto refused = Transact(*producer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("delivering to t: MSG_SIZE_TOO_LARGE"), HasSubstr("raise")));
}

TEST_F(KafkaAdapter, AFencedCommitIsKnownAsOne) {
  const auto producer = Transactional();
  ASSERT_TRUE(producer->InitTransactions(kPatience));
  Answer(kEndTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
  const auto fenced = Transact(*producer);
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, ErrorCode::kFenced) << fenced.error().message;
}

TEST_F(KafkaAdapter, ACommitThatIsNotAnsweredIsNoSuccessAndNoFence) {
  const auto producer = Transactional();
  ASSERT_TRUE(producer->InitTransactions(kPatience));
  Answer(kEndTxn, RD_KAFKA_RESP_ERR__TRANSPORT, 1000);  // the mock hangs up instead of an answer
  const auto unknown = Transact(*producer, Duration::Millis(600));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kUnavailable) << unknown.error().message;
  rd_kafka_mock_clear_request_errors(brokers_, kEndTxn);
  // Whatever became of it, the next owner of the id goes on.
  const auto next = Transactional();
  ASSERT_TRUE(next->InitTransactions(kPatience));
  EXPECT_TRUE(Transact(*next));
}

TEST_F(KafkaAdapter, NobodyIsWaitedForOnceTheProcessIsToEnd) {
  const std::atomic<bool> hurry = true;
  rd_kafka_mock_broker_set_down(brokers_, 1);
  const auto producer = Transactional(&hurry);
  // An hour is not waited for; how long it was is not measured.
  const auto given_up = producer->InitTransactions(Duration::Minutes(60));
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().code, ErrorCode::kUnavailable) << given_up.error().message;
}

TEST_F(KafkaAdapter, ATopicThatMayNotBeSeenIsNotTakenForOneThatIsAbsent) {
  auto admin = Admin::Make({{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(brokers_)}});
  ASSERT_TRUE(admin);
  const auto counts = (*admin)->PartitionCounts({kTopic});
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->at(kTopic), 1);
  rd_kafka_mock_topic_set_error(brokers_, kTopic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto refused = (*admin)->PartitionCounts({kTopic});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
  EXPECT_THAT(refused.error().message, HasSubstr("allow Describe on topic t with kafka-acls"));
  rd_kafka_mock_topic_set_error(brokers_, kTopic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto absent = (*admin)->PartitionCounts({kTopic});
  ASSERT_TRUE(absent) << absent.error().message;
  EXPECT_TRUE(absent->empty());
}

// The client keeps what it was told of a topic for as long as it likes.
TEST_F(KafkaAdapter, ATopicThatIsAllowedAgainIsReadByTheSameReader) {
  rd_kafka_mock_topic_set_error(brokers_, kTopic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto reader = Reader::Make(
      {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(brokers_)}, {"group.id", "g"}});
  ASSERT_TRUE(reader);
  const auto refused = (*reader)->QueryWatermarks(kTopic, 0, kPatience);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
  EXPECT_THAT(refused.error().message, HasSubstr("allow Describe on topic t with kafka-acls"));
  rd_kafka_mock_topic_set_error(brokers_, kTopic, RD_KAFKA_RESP_ERR_NO_ERROR);
  const auto marks = (*reader)->QueryWatermarks(kTopic, 0, kPatience);
  EXPECT_TRUE(marks) << marks.error().message;
}

// However the client sets the ways of partitions that were just assigned: some records come by the
// queue of all of them.
TEST_F(KafkaAdapter, ARecordIsOfTheSourceThatItIsReadFrom) {
  constexpr uint32_t kPartitions = 4;
  constexpr size_t kRecords = 50;
  constexpr int kRounds = 20;
  const std::string topic = "four";
  rd_kafka_mock_topic_create(brokers_, topic.c_str(), kPartitions, 1);
  const std::string bootstrap = rd_kafka_mock_cluster_bootstraps(brokers_);
  const auto producer = Producer::Make({{"bootstrap.servers", bootstrap}});
  ASSERT_TRUE(producer);
  for (uint32_t partition = 0; partition < kPartitions; ++partition) {
    for (size_t i = 0; i < kRecords; ++i) {
      const std::string payload = std::to_string(partition) + "/" + std::to_string(i);
      ASSERT_TRUE((*producer)->Produce(topic, partition, "", payload, {}, 0, kPatience));
    }
  }
  ASSERT_TRUE((*producer)->Flush(kPatience));
  for (int round = 0; round < kRounds; ++round) {
    const auto reader = Reader::Make({{"bootstrap.servers", bootstrap},
                                      {"group.id", "g"},
                                      {"enable.partition.eof", "true"},
                                      {"fetch.wait.max.ms", "10"}});
    ASSERT_TRUE(reader);
    std::vector<Reader::Source> sources;
    for (uint32_t partition = 0; partition < kPartitions; ++partition) {
      sources.push_back({topic, partition, 0});
    }
    ASSERT_TRUE((*reader)->Assign(sources));
    std::vector<size_t> next(kPartitions, 0);
    for (size_t come = 0; come < kPartitions * kRecords;) {
      for (uint32_t partition = 0; partition < kPartitions; ++partition) {
        const auto message = (*reader)->Poll(partition, Duration::Millis(1));
        ASSERT_TRUE(message) << message.error().message;
        if (!*message) continue;
        EXPECT_EQ((*message)->payload,
                  std::to_string(partition) + "/" + std::to_string(next[partition]++));
        ++come;
      }
    }
  }
}

}  // namespace
}  // namespace sluice::kafka
