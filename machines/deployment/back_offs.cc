#include "machines/deployment/back_offs.h"

#include "machines/deployment/members.h"
#include "machines/deployment/pool/pool.h"

namespace sluice::deployment {
namespace {

constexpr const char* kBackOffTimer = "backoff";
constexpr size_t kDuePerDecision = 50;
constexpr size_t kShownBackOffs = 10;

}  // namespace

void EndBackOffs(DeploymentDraft& draft) {
  for (const Due& due : NextDue(draft.state(), kDuePerDecision)) {
    if (due.time > draft.now()) break;
    OrdinalItem item = OrdinalOf(draft.state(), due.ordinal);
    item.retry.next_time = {};
    draft.Emit(OrdinalChanged{.ordinal = due.ordinal, .item = std::move(item)});
  }
  const std::vector<Due> next = NextDue(draft.state(), 1);
  draft.Arm(kBackOffTimer, next.empty() ? Time{} : next.front().time);
}

void ShowBackOffs(DeploymentDraft& draft) {
  if (!draft.MayWrite<DeploymentBackOffsChanged>()) return;
  std::vector<BackOff> shown;
  for (const Due& due : NextDue(draft.state(), kShownBackOffs)) {
    const OrdinalItem item = OrdinalOf(draft.state(), due.ordinal);
    const auto member = FindMember(draft.state(), due.ordinal);
    std::string name;
    if (due.ordinal != kPoolBackOff) {
      name = member ? member->name : NameOf(draft.state(), draft.context().self.name, due.ordinal);
    }
    shown.push_back({.instance = std::move(name),
                     .retry = item.retry,
                     .reason = item.reason,
                     .message = item.message});
  }
  if (shown != draft->status.back_offs) {
    draft.Emit(DeploymentBackOffsChanged{.back_offs = std::move(shown)});
  }
}

}  // namespace sluice::deployment
