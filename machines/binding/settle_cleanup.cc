// Rule 2: what is in cleanup is deleted, each on its own, until it is gone.
#include <algorithm>

#include "machines/binding/instances.h"
#include "machines/binding/rules.h"

namespace sluice::binding {
namespace {

// Whether its deletion is to be asked for now. Never before its creation is confirmed: a name that
// was refused may be a stranger's.
bool IsDeletable(const BoundInstance& instance, Time now) {
  if (!instance.created || instance.create_outcome != 0) return false;
  if (instance.delete_outcome != 0 || instance.delete_accepted) return false;
  return !instance.delete_retry.next_time.IsSet() || now >= instance.delete_retry.next_time;
}

}  // namespace

void SettleCleanup(BindingDraft& draft) {
  const std::vector<BoundInstance> queued = draft->own.cleanup;
  for (const BoundInstance& instance : queued) {
    if (instance.view.gone) {
      draft.Emit(CleanupFinished{.instance = PathOf(instance)});
      continue;
    }
    if (!IsDeletable(instance, draft.now())) continue;
    if (instance.delete_retry.attempt == 0) TellRole(draft, instance, "cleanup");
    const uint64_t outcome =
        draft.SendForOutcome(KeyOf(instance), Delete{.expected_uid = instance.view.uid});
    draft.Emit(CleanupRequested{.instance = PathOf(instance), .outcome = outcome});
  }
}

}  // namespace sluice::binding
