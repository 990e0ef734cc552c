#include "replay/fork_asked.h"

#include <algorithm>

#include "events/paths.h"

namespace sluice::replay {
namespace {

// Attempts are left out: a report that is dropped may leave the next one to answer the same.
bool IsSame(const PendingAction& one, const PendingAction& other) {
  return one.verb == other.verb && one.target == other.target && one.generation == other.generation;
}

// What a provider acts on.
bool IsSameSpec(const EntityState& one, const EntityState& other) {
  return GetPath(one.root_type(), one.root(), "spec") ==
         GetPath(other.root_type(), other.root(), "spec");
}

}  // namespace

void AskedActions::See(const std::string& entity, const KindInfo& kind, const EntityState& state,
                       Time time) {
  if (kind.pending == nullptr) return;
  std::vector<PendingAction> actions = kind.pending(state);
  const auto known = asked_.find(entity);
  if (actions.empty()) {
    if (known != asked_.end()) known->second.pending = false;
    return;
  }
  Asked now{.actions = std::move(actions), .since = {}, .pending = true};
  for (const PendingAction& action : now.actions) {
    now.since.push_back(time);
    if (known == asked_.end() || !known->second.pending) continue;
    const Asked& before = known->second;
    const auto same = std::find(before.actions.begin(), before.actions.end(), action);
    if (same != before.actions.end()) {
      now.since.back() = before.since[static_cast<size_t>(same - before.actions.begin())];
    }
  }
  asked_.insert_or_assign(entity, std::move(now));
}

Asked AskedActions::Of(const std::string& entity) const {
  const auto found = asked_.find(entity);
  return found == asked_.end() ? Asked{} : found->second;
}

std::optional<Duration> AskedLater(const Situation& recorded, const Situation& here) {
  if (recorded.Exists() != here.Exists()) return std::nullopt;
  if (!recorded.Exists()) return Duration{};
  const Duration created_later = here.state->metadata_part().creation_timestamp -
                                 recorded.state->metadata_part().creation_timestamp;
  if (recorded.kind->pending == nullptr) return created_later;
  if (!IsSameSpec(*recorded.state, *here.state)) return std::nullopt;
  const Asked& asked = recorded.asked;
  if (asked.actions.empty()) return created_later;
  if (asked.pending && !here.asked.pending) return std::nullopt;
  for (size_t i = 0; i < asked.actions.size(); ++i) {
    for (size_t j = 0; j < here.asked.actions.size(); ++j) {
      if (IsSame(asked.actions[i], here.asked.actions[j])) {
        return here.asked.since[j] - asked.since[i];
      }
    }
  }
  return std::nullopt;
}

void AddMissing(const std::string& entity, const KindInfo& kind, const EntityState* recorded,
                const EntityState& here, std::vector<std::string>* missing) {
  if (kind.pending == nullptr || !here.Exists()) return;
  std::vector<PendingAction> asked;
  if (recorded != nullptr && IsSameSpec(*recorded, here)) asked = kind.pending(*recorded);
  for (const PendingAction& action : kind.pending(here)) {
    const bool in_both = std::any_of(asked.begin(), asked.end(), [&](const PendingAction& other) {
      return IsSame(other, action);
    });
    if (!in_both) missing->push_back(action.verb + " of " + entity);
  }
}

}  // namespace sluice::replay
