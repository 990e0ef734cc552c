// Staged conditions on their way to the owner: one write for all of them, none when it shows them.
#include <algorithm>

#include "machines/common/retry.h"
#include "machines/component/pass.h"
#include "machines/component/state.h"

namespace sluice::component {
namespace {

bool Has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::vector<Condition> Staged(const Component& component) {
  std::vector<Condition> staged;
  for (const ComponentPart& part : component.spec.components) {
    if (const ComponentPartStatus* status = FindStatus(component, part.name)) {
      staged.push_back(status->condition);
    }
  }
  if (!component.status.aggregate.type.empty()) staged.push_back(component.status.aggregate);
  return staged;
}

// Whether somebody else has written over what was sent: then it is not to be taken away.
bool IsAnothers(const Component& component, const std::string& type) {
  if (component.own.write_outcome != 0) return false;  // Nobody can tell before that is answered.
  const Condition* shown = FindCondition(component.own.owner_conditions, type);
  const Condition* sent = FindCondition(component.own.sent, type);
  return shown && sent && !(*shown == *sent);
}

// The types of what is staged, and those of former writes that the owner still shows.
std::vector<std::string> Owned(const Component& component, const std::vector<Condition>& staged) {
  std::vector<std::string> owned;
  owned.reserve(staged.size());
  for (const Condition& condition : staged) owned.push_back(condition.type);
  for (const std::string& type : component.own.sent_owned) {
    const bool shown = FindCondition(component.own.owner_conditions, type) != nullptr;
    if (!Has(owned, type) && shown && !IsAnothers(component, type)) owned.push_back(type);
  }
  return owned;
}

bool OwnerShows(const Component& component, const std::vector<std::string>& owned,
                const std::vector<Condition>& staged) {
  const auto& shown = component.own.owner_conditions;
  if (owned.size() > staged.size()) return false;  // Something is to be removed.
  return std::all_of(staged.begin(), staged.end(), [&](const Condition& condition) {
    const Condition* at_owner = FindCondition(shown, condition.type);
    return at_owner && *at_owner == condition;
  });
}

void Postpone(ComponentDraft& draft) {
  draft.Emit(ConditionsSendAnswered{
      .accepted = false,
      .code = "Conflict",
      .message = "somebody else writes these conditions, too",
      .retry = NextRetry(draft->status.retry, draft.now(), draft.context().Settings())});
  draft.SetCondition("Written", ConditionStatus::kFalse, "Conflict",
                     "somebody else writes these conditions, too");
}

}  // namespace

void SettleWrite(ComponentDraft& draft) {
  if (!draft->own.owner_exists) return;
  const Time next = draft->status.retry.next_time;
  if (next.IsSet() && draft.now() < next) return;
  if (next.IsSet()) draft.Emit(ConditionsSendRetried{});
  const std::vector<Condition> staged = Staged(draft.state());
  const std::vector<std::string> owned = Owned(draft.state(), staged);
  const bool same = owned == draft->own.sent_owned && staged == draft->own.sent;
  const bool under_way = draft->own.write_outcome != 0;
  if (under_way ? same : OwnerShows(draft.state(), owned, staged)) return;
  // Nothing is new here, so somebody else wrote what is ours: not now, or the two never end.
  if (!under_way && same && !next.IsSet()) return Postpone(draft);
  const uint64_t outcome = draft.SendForOutcome(
      OwnerOfSpec(draft->spec), WriteConditions{.owned = owned, .conditions = staged});
  draft.Emit(ConditionsSent{.owned = owned, .conditions = staged, .outcome = outcome});
}

void WithdrawConditions(ComponentDraft& draft) {
  if (draft->own.watching.empty()) return;
  const EntityKey owner = OwnerOfSpec(draft->spec);
  draft.Send(owner, UnwatchConditions{.watcher = draft.context().self.ToString()});
  if (!draft->own.owner_exists) return;
  std::vector<std::string> owned = draft->own.sent_owned;
  std::erase_if(owned, [&](const std::string& type) { return IsAnothers(draft.state(), type); });
  if (owned.empty()) return;
  draft.Send(owner, WriteConditions{.owned = std::move(owned), .conditions = {}});
}

}  // namespace sluice::component
