// What a binding's spec may be, and how a binding looks from outside.
#include "machines/binding/binding.h"
#include "machines/instance/instance.h"

namespace sluice {
namespace {

// The template's instance, as far as it is there: a template that does not say yet what runs is
// incomplete, and its candidate is refused until it does; one that contradicts itself never works.
void ValidateTemplateSpec(const BindingTemplate& from, FieldErrors& errors) {
  const InstanceRuntime& runtime = from.spec.runtime;
  const bool incomplete =
      from.spec.backend.empty() && !runtime.process && !runtime.sandbox && !runtime.virtual_machine;
  FieldErrors found;
  ValidateInstanceSpec(from.spec, from.annotations, found);
  for (const FieldError& fault : found.faults()) {
    if (incomplete && fault.path == "spec.runtime") continue;
    constexpr std::string_view kMetadata = "metadata.";
    const bool of_metadata = fault.path.starts_with(kMetadata);
    errors.Add("spec.template." + fault.path.substr(of_metadata ? kMetadata.size() : 0),
               fault.message);
  }
}

}  // namespace

void BindingMachine::Default(BindingSpec& spec, const DecideContext& context) {
  if (spec.adopt_active && spec.adopt_active->namespace_.empty()) {
    spec.adopt_active->namespace_ = context.self.namespace_;
  }
}

void BindingMachine::Validate(const BindingSpec& spec, FieldErrors& errors) {
  if (spec.binding_key.empty()) errors.Add("spec.bindingKey", "is required");
  if (!spec.template_.name.empty()) {
    errors.Add("spec.template.name", "the template may not name the instance; see namePrefix");
  }
  if (spec.template_.spec.lineage) {
    errors.Add("spec.template.spec.lineage", "is a replacement's own; see the command Replace");
  }
  ValidateTemplateSpec(spec.template_, errors);
  if (spec.candidate_ready_deadline && *spec.candidate_ready_deadline < Duration{}) {
    errors.Add("spec.candidateReadyDeadline", "is negative");
  }
  if (!spec.adopt_active) return;
  if (auto fault = DnsLabelFault(spec.adopt_active->namespace_)) {
    errors.Add("spec.adoptActive.namespace", *fault);
  }
  if (auto fault = DnsLabelFault(spec.adopt_active->name)) {
    errors.Add("spec.adoptActive.name", *fault);
  }
}

void BindingMachine::CheckImmutable(const BindingSpec& before, const BindingSpec& after,
                                    FieldErrors& errors) {
  if (before.binding_key != after.binding_key) {
    errors.Add("spec.bindingKey", "is immutable; it is " + before.binding_key);
  }
}

AnyTable BindingMachine::Detail(const State& state) {
  BindingDetail detail{.observed_revision = state.status.observed_revision};
  if (state.own.active) detail.active_instance = state.own.active->name;
  if (state.own.candidate) detail.candidate_instance = state.own.candidate->name;
  return AnyTable::Of(std::move(detail));
}

// A binding that waits for a key another one holds is not found by it.
std::vector<IndexEntry> BindingMachine::Indexes(const State& state) {
  if (state.own.key != BindingKeyState::kGranted) return {};
  return {{"bindingKey", state.spec.binding_key}};
}

std::vector<Column> BindingMachine::Columns() {
  return {{"PHASE", "status.phase"},
          {"READY", "status.conditions[type=Ready].status"},
          {"REVISION", "status.observedRevision"},
          {"ACTIVE", "status.activeInstanceRef.name"},
          {"CANDIDATE", "status.candidateInstanceRef.name", true},
          {"REASON", "status.conditions[type=Ready].reason", true}};
}

const KindInfo& BindingKind() {
  static const KindInfo kind = DefineKind<BindingMachine>();
  return kind;
}

}  // namespace sluice
