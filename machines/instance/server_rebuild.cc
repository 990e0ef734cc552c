// Whose rebuild ended: a spec may change while the one before is still being carried out.
#include "machines/instance/server_rules.h"

namespace sluice {

void SeeReport(Draft<InstanceMachine>& draft, const ReportServer& report) {
  const ReportServer* held = instance::HeldServer(draft.state());
  const bool rebuilt = held && held->image != report.image;
  const bool was_given_up = draft->own.backing->rebuild_given_up;
  const int64_t failed =
      report.rebuild_failed ? instance::RebuildThatFailed(draft.state(), report) : 0;
  draft.Emit(ServerObserved{.reported = report});
  if (!draft.MayWrite<ServerRebuildAccounted>()) return;
  const bool is_the_specs = report.rebuild_failed && failed == draft->metadata->generation;
  const bool taken_for_another =
      report.rebuild_failed && is_the_specs != instance::HasRebuildFailed(draft.state());
  const bool ended = was_given_up && (report.rebuild_failed || rebuilt);
  if (!taken_for_another && !ended) return;
  draft.Emit(ServerRebuildAccounted{.generation = failed, .failed = report.rebuild_failed});
}

void GiveUpRebuild(Draft<InstanceMachine>& draft) {
  const ServerBacking& backing = draft->own.backing;
  if (backing.action.verb != "RebuildServer" || backing.rebuild_given_up) return;
  if (!draft.MayWrite<ServerRebuildGivenUp>()) return;
  draft.Emit(ServerRebuildGivenUp{.image = backing.action.want});
}

}  // namespace sluice
