// Stepping through an entity on a terminal: forward, backward, to a number, its state.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/node_process.h"
#include "tests/support/terminal.h"

namespace sluice::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAsks = "(q)uit: ";

class ReplayTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    NodeProcess node(data_, 0, {"--partitions", "1"});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    for (const char* label : {"one", "two", "three"}) {
      const Finished sent = RunSluiceBinary(
          {"--server", node.url(), "send",
           std::string(
               R"({"entity":"location/default/here","command":"Apply","payload":{"labels":{"step":")") +
               label + R"("},"spec":{"provider":"local"}}})"});
      ASSERT_EQ(sent.exit_code, 0) << sent.err;
    }
    ASSERT_EQ(node.Stop(), 0);
  }

  TempDir directory_{"terminal"};
  const std::string data_ = directory_ / "data";
};

TEST_F(ReplayTerminal, StepsForwardAndBackward) {
  Terminal terminal({"--data", data_, "replay", "location/here"});
  EXPECT_THAT(terminal.ReadTo(kAsks), AllOf(HasSubstr("[1/3]  0:"), HasSubstr("LocationCreated"),
                                            HasSubstr("(absent) -> "), HasSubstr("\"one\"")));
  terminal.Type("n");
  EXPECT_THAT(terminal.ReadTo(kAsks), AllOf(HasSubstr("[2/3]  0:"), HasSubstr("\"two\"")));
  terminal.Type("");  // On, too.
  EXPECT_THAT(terminal.ReadTo(kAsks), AllOf(HasSubstr("[3/3]  0:"), HasSubstr("\"three\"")));
  terminal.Type("n");
  EXPECT_THAT(terminal.ReadTo(kAsks),
              AllOf(HasSubstr("That was the last."), Not(HasSubstr("/3]"))));
  terminal.Type("p");
  EXPECT_THAT(terminal.ReadTo(kAsks), AllOf(HasSubstr("[2/3]  0:"), HasSubstr("\"two\"")));
  // The state behind that step, not the last one.
  terminal.Type("s");
  EXPECT_THAT(terminal.ReadTo(kAsks), AllOf(HasSubstr("step: two"), HasSubstr("provider: local")));
  terminal.Type("f");
  EXPECT_THAT(terminal.ReadTo(kAsks), HasSubstr("[1/3]"));
  terminal.Type("l");
  EXPECT_THAT(terminal.ReadTo(kAsks), HasSubstr("[3/3]"));
  terminal.Type("2");
  EXPECT_THAT(terminal.ReadTo(kAsks), HasSubstr("[2/3]"));
  terminal.Type("4");
  EXPECT_THAT(terminal.ReadTo(kAsks), HasSubstr("'4' is none of these."));
  terminal.Type("q");
  EXPECT_EQ(terminal.Wait(), 0);
}

TEST_F(ReplayTerminal, StopsWhereTheExpressionHolds) {
  Terminal terminal(
      {"--data", data_, "replay", "location/here", "--until", "metadata.labels.step == 'two'"});
  EXPECT_THAT(terminal.ReadTo(kAsks), HasSubstr("[1/2]"));
  terminal.Type("l");
  EXPECT_THAT(terminal.ReadTo(kAsks), AllOf(HasSubstr("[2/2]"), HasSubstr("the expression holds")));
  terminal.Type("q");
  EXPECT_EQ(terminal.Wait(), 0);
}

}  // namespace
}  // namespace sluice::testing
