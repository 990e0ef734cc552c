#include "machines/binding/instances.h"

#include "machines/common/sequenced_name.h"
#include "machines/instance/spec_hash.h"

namespace sluice::binding {

InstanceSpec WantedSpec(const BindingTemplate& from) {
  InstanceSpec spec = from.spec;
  if (!spec.owner) spec.owner = from.owner;
  return spec;
}

Hash128 WantedHash(const BindingTemplate& from) { return InstanceSpecHash(WantedSpec(from)); }

std::string InstanceName(const BindingSpec& spec, uint64_t sequence) {
  std::string prefix = SanitizeLabel(spec.template_.name_prefix);
  if (prefix.empty()) prefix = SanitizeLabel(spec.template_.preset_id);
  if (prefix.empty()) prefix = "instance";
  return SequencedName(prefix, spec.binding_key, sequence);
}

EntityKey KeyOf(const BoundInstance& instance) {
  return {"instance", instance.namespace_, instance.name};
}

EntityKey KeyOf(const AdoptActive& wanted) { return {"instance", wanted.namespace_, wanted.name}; }

std::string PathOf(const BoundInstance& instance) {
  return instance.namespace_ + "/" + instance.name;
}

std::string Describe(const BoundInstance& instance) { return "instance " + PathOf(instance); }

std::string DescribeView(const InstanceView& view) {
  if (view.phase.empty()) return "not seen yet";
  std::string text = "phase " + view.phase;
  if (!view.reason.empty()) text += ": " + view.reason;
  if (!view.message.empty()) text += ": " + view.message;
  return text;
}

bool MatchesTarget(const Binding& binding, const BoundInstance& instance) {
  const std::string& wanted = binding.own.target_revision;
  if (!wanted.empty() && instance.revision != wanted) return false;
  return instance.spec_hash == binding.own.target_hash;
}

bool IsReady(const BoundInstance& instance) {
  return instance.created && instance.view.ready && !instance.view.terminal && !instance.view.gone;
}

bool NeedsRollout(const Binding& binding) {
  if (!binding.own.active) return true;
  const BoundInstance& active = *binding.own.active;
  if (active.view.phase.empty()) return false;  // adopted a moment ago, and not seen yet
  const std::string& wanted = binding.own.target_revision;
  return (!wanted.empty() && wanted != binding.status.observed_revision) ||
         active.spec_hash != binding.own.target_hash || active.view.expiring;
}

const BoundInstance* FindInstance(const Binding& binding, const EntityKey& key) {
  if (binding.own.active && KeyOf(*binding.own.active) == key) return &*binding.own.active;
  if (binding.own.candidate && KeyOf(*binding.own.candidate) == key) {
    return &*binding.own.candidate;
  }
  for (const BoundInstance& instance : binding.own.cleanup) {
    if (KeyOf(instance) == key) return &instance;
  }
  return nullptr;
}

uint64_t RequestCreation(BindingDraft& draft, const EntityKey& instance,
                         const std::string& revision) {
  const Binding& binding = draft.state();
  const BindingTemplate& from = binding.spec.template_;
  InstanceCreate create;
  create.spec = WantedSpec(from);
  create.labels = from.labels;
  create.labels["sluice.dev/binding-name"] = binding.metadata.name;
  create.annotations = from.annotations;
  create.annotations["sluice.dev/binding-key"] = binding.spec.binding_key;
  create.annotations["sluice.dev/target-revision"] = revision;
  create.annotations["sluice.dev/preset-id"] = from.preset_id;
  create.annotations["sluice.dev/binding-instance-role"] = "candidate";
  create.owner = OwnerReference{.kind = std::string(BindingMachine::kName),
                                .namespace_ = binding.metadata.namespace_,
                                .name = binding.metadata.name,
                                .uid = binding.metadata.uid};
  return draft.SendForOutcome(instance, std::move(create));
}

void TellRole(BindingDraft& draft, const BoundInstance& instance, std::string_view role) {
  Annotate annotate;
  annotate.annotations["sluice.dev/binding-instance-role"] = role;
  annotate.expected_uid = instance.view.uid;
  draft.Send(KeyOf(instance), std::move(annotate));
}

void Introduce(BindingDraft& draft, const BoundInstance& adopted) {
  const BindingSpec& spec = draft->spec;
  Annotate annotate;
  annotate.labels["sluice.dev/binding-name"] = draft->metadata.name;
  annotate.annotations["sluice.dev/binding-key"] = spec.binding_key;
  annotate.annotations["sluice.dev/target-revision"] = adopted.revision;
  annotate.annotations["sluice.dev/preset-id"] = spec.template_.preset_id;
  annotate.annotations["sluice.dev/binding-instance-role"] = "active";
  annotate.expected_uid = adopted.view.uid;
  draft.Send(KeyOf(adopted), std::move(annotate));
}

void LookAt(BindingDraft& draft, const EntityKey& instance) {
  const std::string self = draft.context().self.ToString();
  draft.Send(instance, Observe{.observer = self});
  draft.Send(instance, Unobserve{.observer = self});
}

bool SaysOwnedBy(const Observed& observed, const EntityKey& self) {
  const auto* detail = observed.detail.As<InstanceDetail>();
  return detail && detail->owner && OwnerKey(*detail->owner) == self.ToString();
}

InstanceView ViewOf(const Observed& observed, const EntityKey& self, const std::string& known_uid) {
  InstanceView view{.uid = observed.uid,
                    .phase = observed.phase,
                    .ready = observed.ready == ConditionStatus::kTrue,
                    .reason = observed.reason,
                    .message = observed.message};
  const auto* detail = observed.detail.As<InstanceDetail>();
  if (detail) {
    view.revision = detail->revision;
    view.spec_hash = detail->spec_hash;
    view.terminal = detail->terminal;
    view.expiring = detail->expiring;
  }
  const bool another = !known_uid.empty() && observed.uid != known_uid;
  view.gone = another || observed.phase == "Absent" || observed.phase == "Deleted" ||
              (detail && !SaysOwnedBy(observed, self));
  if (another) view.uid = known_uid;
  return view;
}

}  // namespace sluice::binding
