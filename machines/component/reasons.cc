#include "machines/component/reasons.h"

#include <algorithm>
#include <array>

#include "events/result.h"

namespace sluice::component {
namespace {

struct ReasonInfo {
  std::string_view name;
  int priority;
  bool is_true;
  int band;
};

constexpr std::array<ReasonInfo, 23> kReasons = {{
    {"Error", 20, false, 0},
    {"FeatureGateError", 20, false, 0},
    {"Down", 19, false, 0},
    {"Degraded", 18, false, 0},
    {"PendingSuspension", 17, false, 6},
    {"Suspending", 16, false, 7},
    {"Suspended", 15, true, 8},
    {"Disabled", 14, true, 0},
    {"Failing", 13, false, 5},
    {"OperationFailing", 12, false, 5},
    {"TaskFailing", 11, false, 5},
    {"Blocked", 10, false, 2},
    {"PrerequisiteNotMet", 10, false, 0},
    {"Scaling", 9, false, 4},
    {"TaskRunning", 8, false, 4},
    {"Updating", 7, false, 3},
    {"Creating", 6, false, 2},
    {"OperationPending", 5, false, 2},
    {"TaskPending", 4, false, 2},
    {"Healthy", 3, true, 1},
    {"Operational", 2, true, 1},
    {"Completed", 1, true, 1},
    {"Unknown", 0, false, 0},
}};

const ReasonInfo* Find(std::string_view reason) {
  for (const ReasonInfo& info : kReasons) {
    if (info.name == reason) return &info;
  }
  return nullptr;
}

template <size_t N>
bool Has(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 5> kOfEveryFamily = {"Error", "Absent", "PendingSuspension",
                                                            "Suspending", "Suspended"};
constexpr std::array<std::string_view, 5> kAlive = {"Healthy", "Creating", "Updating", "Scaling",
                                                    "Failing"};
constexpr std::array<std::string_view, 4> kCompletable = {"Completed", "TaskRunning", "TaskPending",
                                                          "TaskFailing"};
constexpr std::array<std::string_view, 3> kOperational = {"Operational", "OperationPending",
                                                          "OperationFailing"};

}  // namespace

int PriorityOf(std::string_view reason) {
  const ReasonInfo* info = Find(reason);
  return info ? info->priority : 0;
}

ConditionStatus StatusOf(std::string_view reason) {
  const ReasonInfo* info = Find(reason);
  if (!info || info->priority == 0) return ConditionStatus::kUnknown;
  return info->is_true ? ConditionStatus::kTrue : ConditionStatus::kFalse;
}

bool IsHealthy(std::string_view reason) { return BandOf(reason) == 1; }

int BandOf(std::string_view reason) {
  const ReasonInfo* info = Find(reason);
  return info ? info->band : 0;
}

bool MayReport(ResourceFamily family, std::string_view status) {
  if (Has(kOfEveryFamily, status)) return true;
  switch (family) {
    case ResourceFamily::kAlive:
      return Has(kAlive, status);
    case ResourceFamily::kCompletable:
      return Has(kCompletable, status);
    case ResourceFamily::kOperational:
      return Has(kOperational, status);
    case ResourceFamily::kStatic:
      return status == "Healthy";
  }
  Unreachable();
}

std::string_view PendingOf(ResourceFamily family) {
  switch (family) {
    case ResourceFamily::kAlive:
    case ResourceFamily::kStatic:
      return "Creating";
    case ResourceFamily::kCompletable:
      return "TaskPending";
    case ResourceFamily::kOperational:
      return "OperationPending";
  }
  Unreachable();
}

}  // namespace sluice::component
