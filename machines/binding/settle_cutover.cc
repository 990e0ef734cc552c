// Rules 7 and 8: a candidate that is ready and matches takes over.
#include "machines/binding/instances.h"
#include "machines/binding/rules.h"

namespace sluice::binding {

void SettleCutover(BindingDraft& draft) {
  const auto& candidate = draft->own.candidate;
  if (!candidate || !IsReady(*candidate) || !MatchesTarget(draft.state(), *candidate)) return;
  const std::string revision = candidate->revision;
  if (!draft->own.active) {
    draft.Emit(CandidatePromoted{.name = candidate->name, .revision = revision});
  } else {
    const std::string from = PathOf(*draft->own.active);
    const std::string to = PathOf(*candidate);
    draft.Emit(CutoverStarted{.from = from, .to = to});
    draft.Emit(CutoverCompleted{.active = to, .revision = revision, .cleanup = from});
  }
  TellRole(draft, *draft->own.active, "active");
}

}  // namespace sluice::binding
