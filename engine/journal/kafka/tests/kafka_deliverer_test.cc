// What a dying broker says to a producer, and that nobody else hears of it. Against librdkafka's
// own mock of a broker, which answers what it is told to, and takes any sequence.
#include "engine/journal/kafka/kafka_deliverer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <map>

namespace sluice::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int16_t kProduce = 0;  // of Kafka's protocol
constexpr int kRttMs = 100;      // long enough for a second request to be under way
constexpr Duration kPatience = Duration::Seconds(10);
const char* const kTopic = "t";

class KafkaDeliverer : public ::testing::Test {
 protected:
  KafkaDeliverer()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        brokers_(rd_kafka_mock_cluster_new(handle_, 1)) {
    rd_kafka_mock_topic_create(brokers_, kTopic, 2, 1);
  }
  ~KafkaDeliverer() override {
    deliverer_.reset();
    rd_kafka_mock_cluster_destroy(brokers_);
    rd_kafka_destroy(handle_);
  }

  Config Connected(Config more = {}) const {
    more["bootstrap.servers"] = rd_kafka_mock_cluster_bootstraps(brokers_);
    more["retry.backoff.ms"] = "2";
    more["linger.ms"] = "0";
    more["reconnect.backoff.ms"] = "10";
    more["reconnect.backoff.max.ms"] = "50";
    // A request for each record.
    more["batch.num.messages"] = "1";
    return more;
  }
  Deliverer& Make(Deliverer::Options options = {}) {
    options.config = Connected();
    auto made = Deliverer::Make(std::move(options));
    CHECK(made);
    deliverer_ = std::move(*made);
    return *deliverer_;
  }
  // The next requests to produce are answered with these, in a time that lets the next be sent.
  void Answer(const std::vector<rd_kafka_resp_err_t>& errors) {
    for (const auto error : errors) {
      rd_kafka_mock_broker_push_request_error_rtts(brokers_, 1, kProduce, 1, error, kRttMs);
    }
  }
  Result<void> Send(const std::string& payload, const std::string& key = "k",
                    uint32_t partition = 0) {
    Deliverer::Record record{.topic = kTopic, .partition = partition, .key = key};
    record.payload = payload;
    record.done = [this, payload](Result<uint64_t> offset) {
      const std::lock_guard lock(mutex_);
      EXPECT_TRUE(told_.emplace(payload, std::move(offset)).second) << payload << " told twice";
    };
    return deliverer_->Send(std::move(record));
  }
  const Result<uint64_t>& Told(const std::string& payload) {
    const std::lock_guard lock(mutex_);
    return told_.at(payload);
  }
  // What a partition holds.
  std::vector<std::string> Log(uint32_t partition = 0) {
    auto reader = Reader::Make(Connected(
        {{"group.id", "g"}, {"enable.partition.eof", "true"}, {"fetch.wait.max.ms", "10"}}));
    CHECK(reader);
    CHECK((*reader)->Assign({{kTopic, partition, 0}}));
    std::vector<std::string> log;
    for (bool at_end = false; !at_end;) {
      auto message = (*reader)->Poll(0, kPatience, &at_end);
      CHECK(message && (*message || at_end));
      if (*message) log.push_back((*message)->payload);
    }
    return log;
  }
  // Where each payload's last copy is among those of all.
  static std::vector<std::string> LastCopies(const std::vector<std::string>& log) {
    std::vector<std::string> last;
    for (const std::string& payload : log) {
      std::erase(last, payload);
      last.push_back(payload);
    }
    return last;
  }

  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* brokers_;
  std::mutex mutex_;
  std::map<std::string, Result<uint64_t>> told_;  // guarded by mutex_
  std::unique_ptr<Deliverer> deliverer_;
};

TEST_F(KafkaDeliverer, WhatADyingLeaderSaysIsNoAnswerToTheSender) {
  Deliverer& deliverer = Make();
  for (const rd_kafka_resp_err_t said :
       {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
        RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_UNKNOWN, RD_KAFKA_RESP_ERR__TRANSPORT}) {
    SCOPED_TRACE(rd_kafka_err2name(said));
    Answer({said});
    const auto offset = deliverer.Deliver({.topic = kTopic, .payload = rd_kafka_err2name(said)});
    ASSERT_TRUE(offset) << offset.error().message;
    const auto log = Log();
    ASSERT_LT(*offset, log.size());
    EXPECT_EQ(log[*offset], rd_kafka_err2name(said));
  }
}

TEST_F(KafkaDeliverer, WhatTheBrokersDoNotTakeIsToldAtOnceAndHoldsNothingUp) {
  Deliverer& deliverer = Make();
  for (const rd_kafka_resp_err_t said :
       {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_POLICY_VIOLATION}) {
    SCOPED_TRACE(rd_kafka_err2name(said));
    Answer({said});
    const auto refused = deliverer.Deliver({.topic = kTopic, .payload = "no"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("nothing was recorded"));
    EXPECT_TRUE(deliverer.Deliver({.topic = kTopic, .payload = "yes"}));
  }
  EXPECT_THAT(Log(), ElementsAre("yes", "yes", "yes", "yes"));
}

// The producer is dead after the first; what it held, of both partitions, is the next one's.
TEST_F(KafkaDeliverer, AProducerThatDiedIsReplacedAndWhatItHeldIsSentAgainInOrder) {
  Make();
  ASSERT_TRUE(Send("first"));
  ASSERT_TRUE(Send("other", "k", 1));
  deliverer_->Flush();
  // All that are under way at once, and some more.
  Answer(std::vector(8, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER));
  std::vector<std::string> sent = {"first"};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Send(sent.emplace_back(std::to_string(i)), "k"));
    ASSERT_TRUE(Send("other" + std::to_string(i), "k", 1));
  }
  deliverer_->Flush();
  for (const std::string& payload : sent) {
    ASSERT_TRUE(Told(payload)) << payload << ": " << Told(payload).error().message;
  }
  EXPECT_EQ(LastCopies(Log()), sent);
  EXPECT_EQ(LastCopies(Log(1)).size(), 21u);
}

TEST_F(KafkaDeliverer, AProducerThatDiesAgainAndAgainIsReplacedEachTime) {
  Make();
  Answer(std::vector(3, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER));
  ASSERT_TRUE(Send("a"));
  deliverer_->Flush();
  EXPECT_TRUE(Told("a")) << Told("a").error().message;
}

// A user who has been answered by a former copy's decision must not have another one decided.
TEST_F(KafkaDeliverer, WhatNobodyWaitsForIsNotSentAgain) {
  std::atomic<int> asked = 0;
  Make({.on_again = [&](Deliverer::Record& record) {
    ++asked;
    EXPECT_EQ(record.payload, "a");
    return false;
  }});
  Answer({RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  ASSERT_TRUE(Send("a"));
  ASSERT_TRUE(Send("b"));
  deliverer_->Flush();
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(told_.contains("b"));
  EXPECT_FALSE(told_.contains("a"));
  EXPECT_THAT(Log(), ElementsAre("b"));
}

TEST_F(KafkaDeliverer, WhenTheTimeIsOverTheOutcomeIsUnknownOrNothingWasRecorded) {
  Make({.within = Duration::Millis(1500)});
  ASSERT_TRUE(Send("first"));
  deliverer_->Flush();
  rd_kafka_mock_broker_set_down(brokers_, 1);
  ASSERT_TRUE(Send("a"));
  ASSERT_TRUE(Send("b", "k", 1));  // of a partition that has one under way already
  ASSERT_TRUE(Send("c", "k", 1));
  deliverer_->Flush();
  for (const char* payload : {"a", "b", "c"}) {
    ASSERT_FALSE(Told(payload));
    EXPECT_EQ(Told(payload).error().code, ErrorCode::kUnavailable);
  }
  EXPECT_THAT(Told("a").error().message, HasSubstr("outcome is unknown: send it again"));
  EXPECT_THAT(Told("c").error().message, HasSubstr("nothing was recorded"));
  rd_kafka_mock_broker_set_up(brokers_, 1);
  ASSERT_TRUE(Send("d"));
  deliverer_->Flush();
  EXPECT_TRUE(Told("d")) << Told("d").error().message;
}

TEST_F(KafkaDeliverer, WhatDoesNotFitIsNotTaken) {
  rd_kafka_mock_broker_set_down(brokers_, 1);
  Make({.records_max = 2, .within = Duration::Millis(500)});
  ASSERT_TRUE(Send("a"));
  ASSERT_TRUE(Send("b"));
  const auto full = Send("c");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(full.error().message, HasSubstr("full; nothing was recorded"));
  deliverer_->Flush();
  EXPECT_TRUE(Send("d"));
}

// A broker that came into office in between refused the first and took the second. librdkafka calls
// both delivered, and the first is lost: it was seen with topics just made.
TEST_F(KafkaDeliverer, ARefusedBatchThatTheClientTakesForDeliveredIsToldFromOneThatIs) {
  std::mutex mutex;
  std::map<uint64_t, Result<uint64_t>> told;
  Config config = Connected({{"enable.idempotence", "true"}});
  auto producer = Producer::Make(config, [&](uint64_t opaque, Result<uint64_t> offset) {
    const std::lock_guard lock(mutex);
    told.emplace(opaque, std::move(offset));
  });
  ASSERT_TRUE(producer);
  ASSERT_TRUE((*producer)->Warm({kTopic}, kPatience));
  Answer({RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NO_ERROR});
  ASSERT_TRUE((*producer)->Produce(kTopic, 0, "k", "a", {}, 1, kPatience));
  ASSERT_TRUE((*producer)->Produce(kTopic, 0, "k", "b", {}, 2, kPatience));
  ASSERT_TRUE((*producer)->Flush(kPatience));
  producer->reset();
  EXPECT_THAT(Log(), ElementsAre("b"));
  ASSERT_FALSE(told.at(1)) << "which the library counts as delivered";
  EXPECT_EQ(told.at(1).error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(told.at(1).error().message, HasSubstr("without an offset"));
  EXPECT_TRUE(told.at(2));
}

TEST_F(KafkaDeliverer, ATransactionThatTheClientThinksCompleteIsNotCommitted) {
  auto producer = Producer::Make(Connected({{"transactional.id", "x"}}));
  ASSERT_TRUE(producer);
  ASSERT_TRUE((*producer)->InitTransactions(kPatience));
  ASSERT_TRUE((*producer)->Begin());
  Answer({RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER});
  ASSERT_TRUE((*producer)->Produce(kTopic, 0, "k", "a", {}, 0, kPatience));
  const auto committed = (*producer)->Commit(kPatience);
  ASSERT_FALSE(committed);
  EXPECT_THAT(committed.error().message, HasSubstr("without an offset"));
}

// A producer that nothing is known of yet holds one record of a partition at a time.
TEST_F(KafkaDeliverer, ALeaderThatComesIntoOfficeLosesNothing) {
  Make();
  Answer({RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NO_ERROR});
  ASSERT_TRUE(Send("a"));
  ASSERT_TRUE(Send("b"));
  deliverer_->Flush();
  EXPECT_THAT(Log(), ElementsAre("a", "b"));
}

// Later the client may still lose one. It is sent again, unless that would turn the order round.
TEST_F(KafkaDeliverer, ALostRecordIsSentAgainUnlessALaterOneOfItsKeyIsThere) {
  Make();
  ASSERT_TRUE(Send("first"));
  deliverer_->Flush();
  Answer({RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NO_ERROR});
  ASSERT_TRUE(Send("a", "one"));
  ASSERT_TRUE(Send("b", "two"));
  deliverer_->Flush();
  EXPECT_TRUE(Told("a")) << Told("a").error().message;
  EXPECT_THAT(Log(), ElementsAre("first", "b", "a"));
  Answer({RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NO_ERROR});
  ASSERT_TRUE(Send("c", "one"));
  ASSERT_TRUE(Send("d", "one"));
  deliverer_->Flush();
  ASSERT_FALSE(Told("c"));
  EXPECT_THAT(Told("c").error().message, HasSubstr("outcome is unknown"));
  EXPECT_TRUE(Told("d")) << Told("d").error().message;
  EXPECT_THAT(Log(), ElementsAre("first", "b", "a", "d"));
}

}  // namespace
}  // namespace sluice::kafka
