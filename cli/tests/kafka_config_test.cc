// `--config FILE` and the flags over it: what is wrong is named, and no secret is.
#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KafkaConfig : public CliTest {
 protected:
  // Runs `sluice up` on a configuration that is refused before anything is opened.
  Ran Up(const std::string& yaml, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"up", "--config", File("sluice.yaml", yaml), "--data",
                                          "/proc/none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(std::move(arguments));
  }
};

TEST_F(KafkaConfig, APropertyThatWouldBreakAnInvariantIsBadInput) {
  const Ran ran =
      Up("kafka:\n"
         "  brokers: [127.0.0.1:1, 127.0.0.1:2]\n"
         "  properties:\n"
         "    enable.idempotence: false\n");
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("enable.idempotence"), HasSubstr("leave it away")));
}

TEST_F(KafkaConfig, AFlagGoesOverTheFile) {
  const std::string file =
      "kafka: {brokers: '127.0.0.1:1', properties: {isolation.level: read_uncommitted}}\n";
  EXPECT_THAT(Up(file).err, HasSubstr("isolation.level"));
  const Ran ran = Up(
      file, {"--kafka-property", "isolation.level=read_committed", "--kafka-property", "acks=0"});
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("acks"), Not(HasSubstr("isolation.level"))));
}

TEST_F(KafkaConfig, SettingsThatAreNotThereAreNamed) {
  EXPECT_THAT(Up("kafka: {broker: '127.0.0.1:1'}\n").err, HasSubstr("kafka.broker: there is no"));
  EXPECT_THAT(Up("kafkas: {}\n").err, HasSubstr("kafkas: there is no such section"));
  EXPECT_THAT(Up("kafka: {warm: some}\n").err, HasSubstr("kafka.warm: write a number"));
  EXPECT_THAT(Up("kafka: {properties: {a: [1]}}\n").err, HasSubstr("kafka.properties.a"));
  EXPECT_EQ(Run({"up", "--config", "/nowhere.yaml"}).exit, Exit::kBadInput);
}

TEST_F(KafkaConfig, NoErrorQuotesASecret) {
  const std::string secret = "swordfish-9";
  const Ran broken = Up("kafka:\n  properties: {sasl.password: \"" + secret + "\n");
  EXPECT_EQ(broken.exit, Exit::kBadInput);
  EXPECT_THAT(broken.err, AllOf(HasSubstr("no YAML"), Not(HasSubstr(secret))));
  const Ran wrong = Up("kafka: {brokers: 'h:1', properties: {sasl.password: " + secret +
                       ", security.protocol: " + secret + "}}\n");
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("security.protocol"), Not(HasSubstr(secret))));
  const Ran flag = Run({"up", "--kafka", "h:1", "--kafka-property", "sasl.password:" + secret});
  EXPECT_EQ(flag.exit, Exit::kBadInput);
  EXPECT_THAT(flag.err, AllOf(HasSubstr("NAME=VALUE"), Not(HasSubstr(secret))));
}

TEST_F(KafkaConfig, WaitingForDecisionsIsOfKafka) {
  const Ran ran = Run({"send", "--wait", R"({"entity":"a/b/c","command":"D"})"});
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err, HasSubstr("--kafka"));
}

}  // namespace
}  // namespace sluice::cli
