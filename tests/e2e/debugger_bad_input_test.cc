// Questions about the past that have no answer, put to the real binary: points that are not there
// yet or nowhere, expressions that do not parse, names of nothing. Each is refused with a message
// that names what is wrong; exit code 2, or 1 where a thing is not there.
#include "tests/e2e/debugger_bad_input.h"

namespace sluice::testing {
namespace {

// Every verb that takes a point in time.
std::vector<Words> AskedAt(const std::string& point) {
  return {{"get", "location", "--at", point},
          {"get", "location", "l0", "--at", point},
          {"describe", "location/l0", "--at", point},
          {"resolve", "web", "--at", point},
          {"why", "location/l0", "--at", point},
          {"history", "location/l0", "--since", point},
          {"history", "location/l0", "--until", point},
          {"diff", "location/l0", "--from", point},
          {"diff", "location/l0", "--from", "0:0", "--to", point},
          {"replay", "location/l0", "--from", point},
          {"replay", "location/l0", "--to", point},
          {"export", "location/l0", "--from", point},
          {"export", "location/l0", "--to", point}};
}

TEST_F(DebuggerBadInput, PositionsThatAreNotThere) {
  for (const Words& words : AskedAt("0:99999")) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "0:99999 is not decided yet", kRejected);
  }
  // Not "begin anew", as of a list that is too old.
  ExpectRefused(OnNode({"get", "location", "--at", "v99999.0"}), "0:99998 is not decided yet",
                kRejected);
  // A cluster with more partitions: its positions and its lists' versions are none of this one's.
  for (const Words& words : AskedAt("7:1")) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "'7:1' names a partition there is not");
  }
  ExpectRefused(OnNode({"why", "0:99999"}), "0:99999 is not decided yet", kRejected);
  ExpectRefused(OnNode({"why", "7:1"}), "'7:1' names a partition there is not");
}

TEST_F(DebuggerBadInput, PointsThatAreNone) {
  for (const char* point : {"-1:4", "-5parsecs"}) {
    for (const Words& words : AskedAt(point)) {
      SCOPED_TRACE(::testing::PrintToString(words));
      ExpectRefused(OnNode(words), "is not a duration");
    }
  }
  // The last one without a zone.
  for (const std::string point :
       {"soon", "0:", "0:x", "5m", "2026-13-01T00:00:00Z", "2026-11-30T12:00:00"}) {
    for (const Words& words : AskedAt(point)) {
      SCOPED_TRACE(::testing::PrintToString(words));
      ExpectRefused(OnNode(words), "'" + point + "' is no point: give a position (0:17), a time");
    }
  }
}

TEST_F(DebuggerBadInput, TimesInTheFuture) {
  for (const Words& words : AskedAt("2999-01-01T00:00:00Z")) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "2999-01-01T00:00:00Z is in the future: it is 2");
  }
}

// Before the first decision there was nothing, and that is an answer.
TEST_F(DebuggerBadInput, TimesBeforeTheFirstDecision) {
  const std::string long_ago = "1999-01-01T00:00:00Z";
  EXPECT_EQ(OnNode({"get", "location", "--at", long_ago}).exit_code, kDone);
  ExpectRefused(OnNode({"get", "location", "l0", "--at", long_ago}), "does not exist", kRejected);
  ExpectRefused(OnNode({"why", "location/l0", "--at", long_ago}), "never was", kRejected);
  EXPECT_EQ(OnNode({"history", "location/l0", "--until", long_ago}).exit_code, kDone);
  EXPECT_THAT(OnNode({"diff", "location/l0", "--from", long_ago}).out, HasSubstr("created"));
  EXPECT_THAT(OnNode({"get", "location", "--at", "-240h"}).out, Not(HasSubstr("l0")));
}

TEST_F(DebuggerBadInput, ExpressionsThatDoNotParse) {
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "status.phase = 'Ready'"}),
                "column 14");
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "(a == 1"}), "column 8");
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "a == 'x"}), "column 6");
  ExpectRefused(OnNode({"replay", "location/l0", "--until", "status.phse == 'x'"}), "is no field");
  ExpectRefused(OnNode({"replay", "location/l0", "--bisect"}), "until what");
}

TEST_F(DebuggerBadInput, NamesOfNothing) {
  ExpectRefused(OnNode({"why", "no-such-id"}), "no-such-id", kRejected);
  for (const Words& words : {Words{"why", "location/nobody"},
                             {"history", "location/nobody"},
                             {"diff", "location/nobody", "--from", "0:0"},
                             {"replay", "location/l0", "location/nobody"}}) {
    SCOPED_TRACE(::testing::PrintToString(words));
    ExpectRefused(OnNode(words), "location/default/nobody never was", kRejected);
  }
  ExpectRefused(OnNode({"why", "location/l0", "--condition", "Nonsense"}), "was never set",
                kRejected);
  EXPECT_EQ(OnNode({"history", "locatoin/l0"}).exit_code, kBadInput);
  ExpectRefused(OnNode({"history", "location/l0", "--verdict", "Perhaps"}), "'Perhaps'");
  ExpectRefused(OnNode({"replay", "--fork", *directory_ / "no-fork", "--drop", "no-such-id"}),
                "no decision of the log is on 'no-such-id'");
}

// A path that was mistyped would hide nothing.

}  // namespace
}  // namespace sluice::testing
