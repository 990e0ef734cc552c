// Pools: members as a set. pool/pool_plan.h says how many, the sets that are kept say which.
#include <algorithm>

#include "machines/deployment/actions.h"
#include "machines/deployment/manager.h"
#include "machines/deployment/members.h"
#include "machines/deployment/pool/pool.h"

namespace sluice::deployment {
namespace {

using M = DeploymentMachine;

constexpr size_t kShownActions = 10;

pool::PoolCounts CountsOf(const Deployment& state) {
  const DeploymentOwn& own = state.own;
  const ScaleSettings& scale = state.spec.scale_settings;
  return {.wanted = own.wanted,
          .max_unavailable = static_cast<uint32_t>(scale.max_unavailable.value_or(1)),
          .max_surge = static_cast<uint32_t>(scale.max_surge.value_or(0)),
          .evicted = own.surplus,
          .terminal = own.terminal,
          .stale = own.stale,
          .waiting = own.waiting,
          .outdated = own.outdated,
          .steady = own.steady,
          .leaving = own.leaving,
          .backs_off = OrdinalOf(state, kPoolBackOff).retry.next_time.IsSet()};
}

struct Step {
  PlanActionKind action = PlanActionKind::kWait;
  CollectionId set = 0;
  uint32_t number = 0;
};

// In order: removals, updates, creates.
std::array<Step, 8> StepsOf(const pool::PoolPlan& plan) {
  using enum PlanActionKind;
  return {{{kDelete, M::kSurplus, plan.remove_evicted},
           {kDelete, M::kTerminal, plan.remove_terminal},
           {kDelete, M::kStale, plan.remove_stale},
           {kDelete, M::kWaiting, plan.remove_waiting},
           {kDelete, M::kOutdated, plan.remove_outdated},
           {kDelete, M::kSteady, plan.remove_steady},
           {kUpdate, M::kStale, plan.update_stale},
           {kUpdate, M::kOutdated, plan.update_outdated}}};
}

// At most `room` of one step; returns how many were done.
uint32_t Execute(DeploymentDraft& draft, const Step& step, size_t room) {
  const size_t number = std::min<size_t>(step.number, room);
  if (number == 0) return 0;
  uint32_t done = 0;
  for (const uint64_t ordinal : OrdinalsOf(draft.state(), step.set, number)) {
    // One that is not known to exist is asked to go once it is: a name alone may be a stranger's.
    const bool known = !FindMember(draft.state(), ordinal)->uid.empty();
    if (step.action == PlanActionKind::kDelete && !known) continue;
    step.action == PlanActionKind::kDelete ? DeleteMember(draft, ordinal)
                                           : UpdateMember(draft, ordinal);
    ++done;
  }
  return done;
}

bool CarryOut(DeploymentDraft& draft) {
  const pool::PoolPlan plan = pool::Plan(CountsOf(draft.state()));
  size_t room = ShareOf(draft.state());
  bool more = false;
  for (const Step& step : StepsOf(plan)) {
    more = more || step.number > room;
    room -= Execute(draft, step, room);
  }
  for (uint32_t i = 0; i < plan.create && room > 0; ++i, --room) {
    CreateMember(draft, draft->own.next_number);
  }
  return more || (room == 0 && plan.create > 0);
}

DeploymentPlan PlanOf(const Deployment& state, const std::string& deployment) {
  const pool::PoolPlan plan = pool::Plan(CountsOf(state));
  DeploymentPlan shown;
  const auto add = [&](PlanActionKind action, CollectionId set, uint32_t from, uint32_t number,
                       bool skipped) {
    const auto ordinals = OrdinalsOf(state, set, std::min<size_t>(from + number, kShownActions));
    for (size_t i = from; i < ordinals.size() && shown.actions.size() < kShownActions; ++i) {
      shown.actions.push_back(
          {.action = action, .instance = FindMember(state, ordinals[i])->name, .skipped = skipped});
    }
  };
  for (const Step& step : StepsOf(plan)) add(step.action, step.set, 0, step.number, false);
  add(PlanActionKind::kDelete, M::kOutdated, plan.remove_outdated, plan.later_remove, true);
  add(PlanActionKind::kUpdate, M::kOutdated, plan.update_outdated, plan.later_update, true);
  add(PlanActionKind::kWait, M::kWaiting, plan.remove_waiting, state.own.waiting, false);
  const uint32_t creates = plan.create + plan.later_create;
  for (uint32_t i = 0; i < creates && shown.actions.size() < kShownActions; ++i) {
    shown.actions.push_back({.action = PlanActionKind::kCreate,
                             .instance = NameOf(state, deployment, state.own.next_number + i),
                             .skipped = i >= plan.create});
  }
  const uint32_t removed = plan.remove_evicted + plan.remove_terminal + plan.remove_stale +
                           plan.remove_waiting + plan.remove_outdated + plan.remove_steady +
                           plan.later_remove;
  shown.counts = {.create = creates,
                  .update = plan.update_stale + plan.update_outdated + plan.later_update,
                  .delete_ = removed,
                  .wait = state.own.waiting - plan.remove_waiting,
                  .skipped = plan.later_remove + plan.later_update + plan.later_create};
  return shown;
}

}  // namespace

const Manager kBySet = {&CarryOut, &PlanOf};

}  // namespace sluice::deployment
