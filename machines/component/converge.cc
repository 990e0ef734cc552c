// From what was found to a condition: the summary, and what becomes of the reason over time.
#include <algorithm>
#include <array>

#include "machines/component/pass.h"
#include "machines/component/reasons.h"

namespace sluice::component {
namespace {

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& reasons, std::string_view reason) {
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

// What a component was held by; behind it, things begin anew.
constexpr std::array<std::string_view, 6> kHeld = {"Disabled",           "Suspended",
                                                   "Suspending",         "PendingSuspension",
                                                   "PrerequisiteNotMet", "FeatureGateError"};
constexpr std::array<std::string_view, 3> kSticky = {"Creating", "Updating", "Scaling"};
constexpr std::array<std::string_view, 2> kGraded = {"Down", "Degraded"};

// All that counts, a blocked guard included whoever has it.
std::vector<Finding> Counted(const Findings& findings) {
  std::vector<Finding> counted = findings.counted;
  if (findings.blocked) counted.push_back(*findings.blocked);
  return counted;
}

// Down, Degraded or Healthy.
Summary GradeOf(const Findings& findings, const Summary& summary) {
  if (findings.blocked) return {"Down", findings.blocked->message};
  std::string_view worst = "Healthy";
  std::string messages;
  bool gradable = false;
  for (const Finding& found : findings.counted) {
    if (!found.gradable) continue;
    gradable = true;
    const std::string_view grade = found.ready == 0              ? "Down"
                                   : found.ready < found.desired ? "Degraded"
                                                                 : "Healthy";
    if (PriorityOf(grade) > PriorityOf(worst)) {
      worst = grade;
      messages.clear();
    }
    if (grade == worst && grade != "Healthy" && !found.message.empty()) {
      messages += (messages.empty() ? "" : "; ") + found.message;
    }
  }
  if (!gradable) return {"Down", summary.message};
  return {std::string(worst), messages.empty() ? summary.message : messages};
}

bool IsConverging(std::string_view reason) {
  return !IsHealthy(reason) && !IsOneOf(kHeld, reason) && !IsOneOf(kGraded, reason) &&
         PriorityOf(reason) > 0;
}

}  // namespace

Summary SummaryOf(const std::vector<Finding>& found) {
  Summary summary{"Healthy", ""};
  const auto worst =
      std::max_element(found.begin(), found.end(), [](const Finding& left, const Finding& right) {
        return PriorityOf(left.status) < PriorityOf(right.status);
      });
  if (worst == found.end()) return summary;
  if (!IsHealthy(worst->status)) summary.reason = worst->status;
  const int band = BandOf(worst->status);
  for (const Finding& one : found) {
    if (BandOf(one.status) != band) continue;
    const std::string text = one.message.empty() ? one.id + " is " + one.status : one.message;
    summary.message += (summary.message.empty() ? "" : "; ") + text;
  }
  return summary;
}

Condition Restated(const Condition& present, const Summary& summary, Time now, bool restart) {
  Condition next = present;
  next.status = StatusOf(summary.reason);
  next.reason = summary.reason;
  next.message = summary.message;
  if (restart || next.status != present.status) next.last_transition_time = now;
  return next;
}

Time GraceEnd(const ComponentPart& part, const Condition& condition) {
  if (part.grace_period == Duration{} || !IsConverging(condition.reason)) return {};
  return condition.last_transition_time + part.grace_period;
}

Condition Converge(const ComponentPart& part, const Condition& present, const Findings& findings,
                   Time now) {
  const Summary summary = SummaryOf(Counted(findings));
  if (summary.reason == "Healthy") return Restated(present, summary, now, false);
  if (IsOneOf(kHeld, present.reason)) return Restated(present, summary, now, true);
  if (IsHealthy(present.reason) || PriorityOf(present.reason) == 0) {
    return Restated(present, summary, now, false);
  }
  const bool graded = IsOneOf(kGraded, present.reason);
  const Time end = GraceEnd(part, present);
  if (graded || (end.IsSet() && now >= end)) {
    const Summary grade = GradeOf(findings, summary);
    if (grade.reason != "Healthy") return Restated(present, grade, now, false);
    return Restated(present, {present.reason, summary.message}, now, false);
  }
  if (IsOneOf(kSticky, present.reason)) {
    return Restated(present, {present.reason, summary.message}, now, false);
  }
  return Restated(present, summary, now, false);
}

}  // namespace sluice::component
