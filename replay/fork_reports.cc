#include "replay/fork_reports.h"

#include <algorithm>

#include "replay/recorded_partition.h"

namespace sluice::replay {
namespace {

bool Asks(const std::vector<PendingAction>& pending, const PendingAction& action) {
  return std::any_of(pending.begin(), pending.end(), [&](const PendingAction& other) {
    return other.verb == action.verb && other.target == action.target &&
           other.generation == action.generation;
  });
}

}  // namespace

bool IsReportOn(const LoadedEntity& recorded, const EntityState& here, Command* report) {
  if (recorded.kind->pending == nullptr) return true;
  const auto asked = recorded.kind->pending(*recorded.state);
  const auto asked_here = recorded.kind->pending(here);
  const bool caused =
      asked.empty() || std::any_of(asked.begin(), asked.end(),
                                   [&](const PendingAction& one) { return Asks(asked_here, one); });
  if (caused) ReplaceUid(recorded.state->metadata_part().uid, here.metadata_part().uid, report);
  return caused;
}

void AddMissing(const std::string& entity, const KindInfo& kind, const EntityState* recorded,
                const EntityState& here, std::vector<std::string>* missing) {
  if (kind.pending == nullptr || !here.Exists()) return;
  std::vector<PendingAction> asked;
  if (recorded != nullptr) asked = kind.pending(*recorded);
  for (const PendingAction& action : kind.pending(here)) {
    if (!Asks(asked, action)) missing->push_back(action.verb + " of " + entity);
  }
}

}  // namespace sluice::replay
