#include "engine/waiting_callers.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::shared_ptr<const LogRecord> DecisionOf(uint64_t offset) {
  LogRecord record;
  record.decision = Decision{};
  record.decision->origin = Origin{};
  record.decision->origin->input = Input::kCommands;
  record.decision->origin->offset = offset;
  record.decision->command = Command{};
  return std::make_shared<const LogRecord>(std::move(record));
}

// A command that was sent twice may be rejected first and accepted then: the last copy counts.
TEST(WaitingCallers, WhoIsRenewedIsAnsweredByTheLastCopyAlone) {
  WaitingCallers callers;
  std::vector<std::string> heard;
  const uint64_t ticket = callers.NextTicket();
  const CallerCallback done = [&](Result<CallerAnswer> answer) {
    heard.push_back(answer->result.position);
  };
  callers.Add(ticket, 0, done, /*has_offset=*/true);
  const auto renewed = callers.Renew(ticket);
  ASSERT_TRUE(renewed);
  EXPECT_NE(*renewed, ticket);
  // Decided here, under the ticket of the first copy, and elsewhere, at its offset.
  callers.Answer(ticket, CallerAnswer{.result = {.position = "first"}});
  EXPECT_TRUE(callers.Find(0, {DecisionOf(7)}).empty());
  EXPECT_EQ(callers.Appended(*renewed, 9), std::nullopt);
  const auto found = callers.Find(0, {DecisionOf(9)});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].first, *renewed);
  callers.Answer(*renewed, CallerAnswer{.result = {.position = "last"}});
  EXPECT_EQ(heard, std::vector<std::string>{"last"});
}

TEST(WaitingCallers, WhoHasBeenAnsweredIsNotRenewed) {
  WaitingCallers callers;
  const uint64_t ticket = callers.NextTicket();
  callers.Add(
      ticket, 0, [](const Result<CallerAnswer>&) {}, /*has_offset=*/true);
  callers.Answer(ticket, CallerAnswer{});
  EXPECT_EQ(callers.Renew(ticket), std::nullopt);
}

}  // namespace
}  // namespace sluice
