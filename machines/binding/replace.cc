// Replace, handed over by an instance: the desired revision moves, and the caller is told what
// stands for it.
#include "machines/binding/instances.h"
#include "machines/binding/rules.h"

namespace sluice {
namespace {

ReplacementView ViewOf(const BoundInstance& instance) {
  return {.namespace_ = instance.namespace_,
          .name = instance.name,
          .target_revision = instance.revision,
          .phase = instance.view.phase.empty() ? "Provisioning" : instance.view.phase,
          .ready = binding::IsReady(instance)};
}

// The candidate; or what is active, if it is of that revision; or what would be created next.
ReplacementView ReplacementFor(const Binding& binding, const std::string& revision) {
  const auto& candidate = binding.own.candidate;
  const auto& active = binding.own.active;
  if (candidate && candidate->revision == revision) return ViewOf(*candidate);
  if (active && active->revision == revision) return ViewOf(*active);
  // A replay, and something else is wanted since: what came of it stands for it.
  const bool moved_on = binding.spec.desired_revision != revision;
  if (moved_on && candidate) return ViewOf(*candidate);
  if (moved_on && active) return ViewOf(*active);
  return {.namespace_ = binding.metadata.namespace_,
          .name = binding::InstanceName(binding.spec, binding.status.next_runtime_sequence),
          .target_revision = revision,
          .phase = "Provisioning",
          .ready = false};
}

}  // namespace

DecideResult Decide(const Binding& binding, const ReplaceBound& command,
                    const DecideContext& context) {
  if (binding.IsDeleting()) {
    return Reject(Rejection::Deleting(context.self.ToString() + " is being deleted"));
  }
  BindingDraft draft(binding, context);
  const bool is_desired = binding.spec.desired_revision == command.target_revision;
  if (!is_desired && !command.replay) {
    BindingSpec spec = binding.spec;
    spec.desired_revision = command.target_revision;
    draft.Emit(BindingSpecChanged{.spec = std::move(spec)});
    BindingMachine::Settle(draft);
  }
  draft.Reply(ReplaceAnswered{.source = command.source,
                              .replacement = ReplacementFor(draft.state(), command.target_revision),
                              .replayed = is_desired || command.replay});
  return draft.Take();
}

}  // namespace sluice
