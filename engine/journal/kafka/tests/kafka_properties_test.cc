#include "engine/journal/kafka/kafka_properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct RefusedProperty {
  const char* name;
  const char* value;
  const char* instead;
};

class RefusedProperties : public ::testing::TestWithParam<RefusedProperty> {};

TEST_P(RefusedProperties, AreNamedWithWhatToDo) {
  const auto checked = CheckProperties({{GetParam().name, GetParam().value}});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(checked.error().message,
              AllOf(HasSubstr(GetParam().name), HasSubstr(GetParam().instead)));
}

INSTANTIATE_TEST_SUITE_P(
    Kafka, RefusedProperties,
    ::testing::Values(RefusedProperty{"enable.idempotence", "false", "leave it away"},
                      RefusedProperty{"isolation.level", "read_uncommitted", "leave it away"},
                      RefusedProperty{"transactional.id", "mine", "CLUSTER-PARTITION"},
                      RefusedProperty{"transaction.timeout.ms", "60000", "session.timeout.ms"},
                      RefusedProperty{"enable.auto.commit", "true", "leave it away"},
                      RefusedProperty{"enable.auto.offset.store", "true", "leave it away"},
                      RefusedProperty{"acks", "1", "I12"},
                      RefusedProperty{"request.required.acks", "0", "I12"},
                      RefusedProperty{"auto.offset.reset", "latest", "leave it away"},
                      RefusedProperty{"group.id", "g", "--cluster"},
                      RefusedProperty{"group.instance.id", "g", "leave it away"},
                      RefusedProperty{"client.id", "c", "--name"},
                      RefusedProperty{"bootstrap.servers", "h:1", "--kafka"},
                      RefusedProperty{"partition.assignment.strategy", "range", "leave it away"},
                      RefusedProperty{"allow.auto.create.topics", "true", "leave it away"},
                      RefusedProperty{"message.max.bytes", "100000", "2097152"},
                      RefusedProperty{"queue.buffering.max.kbytes", "1000", "2048"},
                      RefusedProperty{"session.timeout.ms", "soon", "1000 to 300000"},
                      RefusedProperty{"sasl.mechanismus", "PLAIN",
                                      "No such configuration property"},
                      RefusedProperty{"security.protocol", "quick", "Invalid value"}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      for (char& c : name) c = c == '.' ? '_' : c;
      return name;
    });

TEST(KafkaProperties, WhatTheJournalDoesAnywayMayBeSaid) {
  EXPECT_TRUE(CheckProperties({{"enable.idempotence", "true"},
                               {"acks", "all"},
                               {"isolation.level", "read_committed"},
                               {"session.timeout.ms", "10000"},
                               {"security.protocol", "SASL_SSL"},
                               {"sasl.mechanism", "SCRAM-SHA-512"},
                               {"sasl.username", "u"},
                               {"sasl.password", "p"},
                               {"compression.type", "zstd"},
                               {"fetch.wait.max.ms", "50"}}));
}

TEST(KafkaProperties, SecretsAreLeftOutOfWhatIsPrinted) {
  const std::string key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n";
  KeepSecrets({{"sasl.password", "hunter2-hunter2"},
               {"ssl.key.pem", key},
               {"ssl.keystore.password", "store-pass"},
               {"sasl.oauthbearer.config", "principal=admin scope=topsecretscope"},
               {"ssl.key.location", "/etc/keys/node.pem"}});
  const std::string text = Redacted(
      "user x/hunter2-hunter2, key line hkiG9w0BAQEFAASC, store-pass, topsecretscope, "
      "/etc/keys/node.pem");
  EXPECT_THAT(text, AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("hkiG9w0BAQEFAASC")),
                          Not(HasSubstr("store-pass")), Not(HasSubstr("topsecretscope"))));
  EXPECT_THAT(text, AllOf(HasSubstr("user x/[redacted]"), HasSubstr("/etc/keys/node.pem")));
}

TEST(KafkaProperties, AnErrorOfTheClientQuotesNoSecret) {
  const auto checked =
      CheckProperties({{"sasl.password", "quicksand"}, {"security.protocol", "quicksand"}});
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message,
              AllOf(HasSubstr("security.protocol"), Not(HasSubstr("quicksand"))));
}

}  // namespace
}  // namespace sluice::kafka
