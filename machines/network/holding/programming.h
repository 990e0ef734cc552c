// What a provider programs: contexts and subnets. One action while it is not programmed, reports in
// any order, a failed attempt again after status.retry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machines/common/draft.h"
#include "machines/network/holding/hold.h"

namespace sluice {

inline constexpr std::string_view kNotProgrammed = "NotProgrammed";
inline constexpr std::string_view kProgrammingInProgress = "ProgrammingInProgress";
inline constexpr std::string_view kProgrammed = "Programmed";

// True when the report is about this incarnation and generation, and of no older lease.
bool IsCurrent(const NetworkReportProgrammed& report, const Metadata& metadata,
               const Programming& present);
Programming ProgrammingOf(const NetworkReportProgrammed& report, const Metadata& metadata,
                          const Programming& present);

bool IsProgrammed(const Programming& programming, const Metadata& metadata);
// A report that says it failed, not that it goes on.
bool IsProgrammingFailure(const Programming& programming, const Metadata& metadata);

// The condition Programmed: what was reported, else NotProgrammed without a block, else
// ProgrammingInProgress.
struct ProgrammedView {
  ConditionStatus status = ConditionStatus::kFalse;
  std::string reason;
  std::string message;
};
ProgrammedView ViewProgramming(const Programming& programming, const Metadata& metadata,
                               bool has_block);

// The action of `verb`, unless it is done or waits for a retry. `location` is a name.
std::vector<PendingAction> ProgrammingAction(std::string_view verb, std::string_view kind,
                                             const Metadata& metadata,
                                             const Programming& programming, const Retry& retry,
                                             const std::string& location);

// Records a report that counts; false when it does not.
template <class M>
bool TakeReport(Draft<M>& draft, const NetworkReportProgrammed& report) {
  if (!IsCurrent(report, draft->metadata, draft->own.programming)) return false;
  const Programming reported = ProgrammingOf(report, draft->metadata, draft->own.programming);
  const bool failed_again =
      IsProgrammingFailure(reported, draft->metadata) && !draft->status.retry.next_time.IsSet();
  if (!(reported == draft->own.programming)) {
    draft.Emit(ProgrammingReported{.programming = reported});
  }
  if (IsProgrammed(reported, draft->metadata)) {
    ResetRetry(draft);
  } else if (failed_again) {
    ScheduleRetry(draft);
  }
  return true;
}

}  // namespace sluice
