// Instances named by ordinal: what control/plan.h says of the whole list, from the sets that are
// kept.
#include <algorithm>

#include "machines/deployment/actions.h"
#include "machines/deployment/filing.h"
#include "machines/deployment/manager.h"
#include "machines/deployment/members.h"
#include "machines/deployment/pool/pool.h"

namespace sluice::deployment {
namespace {

using M = DeploymentMachine;

constexpr size_t kShownActions = 10;

struct Step {
  PlanActionKind action = PlanActionKind::kWait;
  uint64_t ordinal = 0;
};

bool IsOrdered(const Deployment& state) {
  return state.spec.scale_settings.instance_management_policy == ManagementPolicy::kOrderedReady;
}

// Creates, waits and updates of the not ready: the first `limit` of three sets, merged.
std::vector<Step> Rising(const Deployment& state, size_t limit) {
  std::vector<Step> steps;
  const auto add = [&](CollectionId set, PlanActionKind action) {
    for (const uint64_t ordinal : OrdinalsOf(state, set, limit)) steps.push_back({action, ordinal});
  };
  if (state.own.missing > 0) add(M::kMissing, PlanActionKind::kCreate);
  if (state.own.waiting > 0) add(M::kWaiting, PlanActionKind::kWait);
  if (state.own.stale > 0) add(M::kStale, PlanActionKind::kUpdate);
  std::sort(steps.begin(), steps.end(),
            [](const Step& a, const Step& b) { return a.ordinal < b.ordinal; });
  if (steps.size() > limit) steps.resize(limit);
  return steps;
}

void Execute(DeploymentDraft& draft, const Step& step) {
  switch (step.action) {
    case PlanActionKind::kCreate:
      return CreateMember(draft, step.ordinal);
    case PlanActionKind::kUpdate:
      return UpdateMember(draft, step.ordinal);
    case PlanActionKind::kDelete:
      return DeleteMember(draft, step.ordinal);
    case PlanActionKind::kWait:
      return;
  }
  Unreachable();
}

// At most `room` of a set; returns how much room is left.
size_t ExecuteSet(DeploymentDraft& draft, CollectionId set, PlanActionKind action, size_t room) {
  for (const uint64_t ordinal : OrdinalsOf(draft.state(), set, room)) {
    Execute(draft, {action, ordinal});
    --room;
  }
  return room;
}

// What failed below `ordinal`, the highest first: to be replaced before any above it is waited for.
std::optional<Step> FailedBelow(const Deployment& state, uint64_t ordinal) {
  if (state.own.terminal == 0 || ordinal == 0) return std::nullopt;
  const std::string from = BigEndianKey(kHighest - (ordinal - 1));
  const std::vector<uint64_t> failed = OrdinalsOf(state, M::kTerminal, 1, from);
  if (failed.empty()) return std::nullopt;
  return Step{PlanActionKind::kDelete, failed.front()};
}

// Of OrderedReady, the one action that is not held back, if there is one besides surplus deletes.
std::optional<Step> First(const Deployment& state) {
  if (const std::vector<Step> rising = Rising(state, 1); !rising.empty()) {
    const auto failed = FailedBelow(state, rising.front().ordinal);
    return failed ? failed : rising.front();
  }
  if (state.own.outdated > 0) {
    return Step{PlanActionKind::kUpdate, OrdinalsOf(state, M::kOutdated, 1).front()};
  }
  if (state.own.terminal > 0) {
    return Step{PlanActionKind::kDelete, OrdinalsOf(state, M::kTerminal, 1).front()};
  }
  return std::nullopt;
}

bool CarryOut(DeploymentDraft& draft) {
  const DeploymentOwn& own = draft->own;
  size_t room = ShareOf(draft.state());
  if (own.surplus > 0) room = ExecuteSet(draft, M::kSurplus, PlanActionKind::kDelete, room);
  if (IsOrdered(draft.state())) {
    if (room == 0) return true;
    if (const auto first = First(draft.state())) Execute(draft, *first);
    return own.surplus > 0;
  }
  if (own.missing > 0) room = ExecuteSet(draft, M::kMissing, PlanActionKind::kCreate, room);
  if (own.stale > 0) room = ExecuteSet(draft, M::kStale, PlanActionKind::kUpdate, room);
  if (own.outdated > 0) room = ExecuteSet(draft, M::kOutdated, PlanActionKind::kUpdate, room);
  if (own.terminal > 0) room = ExecuteSet(draft, M::kTerminal, PlanActionKind::kDelete, room);
  return own.surplus + own.missing + own.stale + own.outdated + own.terminal > 0;
}

DeploymentPlan PlanOf(const Deployment& state, const std::string& deployment) {
  DeploymentPlan plan;
  const bool ordered = IsOrdered(state);
  const std::optional<Step> first = ordered ? First(state) : std::nullopt;
  const auto show = [&](const Step& step, bool skipped) {
    if (plan.actions.size() >= kShownActions) return;
    const auto member = FindMember(state, step.ordinal);
    plan.actions.push_back(
        {.action = step.action,
         .instance = member ? member->name : NameOf(state, deployment, step.ordinal),
         .skipped = skipped});
  };
  if (first) show(*first, /*skipped=*/false);
  const auto add = [&](const Step& step, bool may_be_skipped) {
    if (first && step.ordinal == first->ordinal && may_be_skipped) return;  // Shown.
    show(step, may_be_skipped && ordered);
  };
  const auto add_set = [&](CollectionId set, PlanActionKind action, bool may_be_skipped) {
    for (const uint64_t ordinal : OrdinalsOf(state, set, kShownActions)) {
      add({action, ordinal}, may_be_skipped);
    }
  };
  const DeploymentOwn& own = state.own;
  for (const Step& step : Rising(state, kShownActions)) add(step, true);
  if (own.outdated > 0) add_set(M::kOutdated, PlanActionKind::kUpdate, true);
  if (own.surplus > 0) add_set(M::kSurplus, PlanActionKind::kDelete, false);
  if (own.terminal > 0) add_set(M::kTerminal, PlanActionKind::kDelete, true);
  const uint32_t orderly = own.missing + own.waiting + own.stale + own.outdated + own.terminal;
  plan.counts = {.create = own.missing,
                 .update = own.stale + own.outdated,
                 .delete_ = own.surplus + own.terminal,
                 .wait = own.waiting,
                 .skipped = ordered && orderly > 0 ? orderly - 1 : 0};
  return plan;
}

}  // namespace

const Manager kByOrdinal = {&CarryOut, &PlanOf};

const Manager& ManagerOf(const Deployment& state) {
  return IsPool(state.spec) ? kBySet : kByOrdinal;
}

}  // namespace sluice::deployment
