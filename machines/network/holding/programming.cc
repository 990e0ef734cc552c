#include "machines/network/holding/programming.h"

#include <algorithm>

namespace sluice {

bool IsCurrent(const NetworkReportProgrammed& report, const Metadata& metadata,
               const Programming& present) {
  if (!report.uid.empty() && report.uid != metadata.uid) return false;
  if (report.generation != 0 && report.generation != metadata.generation) return false;
  return report.lease_term == 0 || report.lease_term >= present.term;
}

Programming ProgrammingOf(const NetworkReportProgrammed& report, const Metadata& metadata,
                          const Programming& present) {
  return {.status = report.status,
          .reason = report.reason,
          .message = report.message,
          .generation = metadata.generation,
          .term = std::max(report.lease_term, present.term)};
}

bool IsProgrammed(const Programming& programming, const Metadata& metadata) {
  return programming.status == ConditionStatus::kTrue &&
         programming.generation == metadata.generation;
}

bool IsProgrammingFailure(const Programming& programming, const Metadata& metadata) {
  return programming.status == ConditionStatus::kFalse && !programming.reason.empty() &&
         programming.generation == metadata.generation &&
         programming.reason != kProgrammingInProgress && programming.reason != kNotProgrammed;
}

ProgrammedView ViewProgramming(const Programming& programming, const Metadata& metadata,
                               bool has_block) {
  if (!has_block) {
    return {ConditionStatus::kFalse, std::string(kNotProgrammed), "No prefix is allocated yet"};
  }
  if (programming.generation != metadata.generation) {
    return {ConditionStatus::kFalse, std::string(kProgrammingInProgress),
            "Waiting for the provider"};
  }
  const bool done = programming.status == ConditionStatus::kTrue;
  const std::string_view fallback = done ? kProgrammed : kProgrammingInProgress;
  return {programming.status,
          programming.reason.empty() ? std::string(fallback) : programming.reason,
          programming.message};
}

std::vector<PendingAction> ProgrammingAction(std::string_view verb, std::string_view kind,
                                             const Metadata& metadata,
                                             const Programming& programming, const Retry& retry,
                                             const std::string& location) {
  if (IsProgrammed(programming, metadata) || retry.next_time.IsSet()) return {};
  PendingAction action;
  action.verb = verb;
  action.target = EntityKey{std::string(kind), metadata.namespace_, metadata.name}.ToString();
  action.location = metadata.namespace_ + "/" + location;
  action.uid = metadata.uid;
  action.generation = metadata.generation;
  action.attempt = retry.attempt;
  return {action};
}

}  // namespace sluice
