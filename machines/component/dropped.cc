// What left the spec, and what came back to it.
#include <algorithm>

#include "machines/component/pass.h"
#include "machines/component/state.h"

namespace sluice::component {
namespace {

bool IsKnown(const Component& component, const std::string& part, const std::string& id) {
  const std::string key = ItemKeyOf(part, id);
  return component.items.Has(ComponentMachine::kReports, key) ||
         component.items.Has(ComponentMachine::kGuards, key) || FindLeaving(component, part, id);
}

// Calls `visit` with every resource of `spec` that `other` has not.
template <class Visit>
void ForEachOnlyIn(const ComponentSpec& spec, const ComponentSpec& other, Visit visit) {
  for (const ComponentPart& part : spec.components) {
    for (const ComponentResource& resource : part.resources) {
      if (!IsInSpec(other, part.name, resource.id)) visit(part, resource);
    }
  }
}

// What is there goes as it would with the whole object.
void AskToGo(ComponentDraft& draft, const ComponentPart& part, const ComponentResource& resource) {
  const std::string_view verb = RemovalOf(resource.mode);
  const auto report = ReportOf(draft.state(), part, resource);
  if (verb.empty() || !IsThere(report)) return;
  draft.Emit(ResourceLeaving{.resource = {.component = part.name,
                                          .id = resource.id,
                                          .family = resource.family,
                                          .verb = std::string(verb),
                                          .generation = report->generation}});
}

void DropParts(ComponentDraft& draft) {
  std::vector<std::string> dropped;
  for (const ComponentPartStatus& part : draft->status.components) {
    if (!FindPart(draft->spec, part.name)) dropped.push_back(part.name);
  }
  for (const std::string& name : dropped) draft.Emit(ComponentDropped{.name = name});
}

// No pass does it while the owner is not there.
void DropActions(ComponentDraft& draft) {
  if (draft->own.owner_exists) return;
  const std::vector<ComponentPartStatus> parts = draft->status.components;
  for (ComponentPartStatus part : parts) {
    const size_t dropped = std::erase_if(part.actions, [&](const ResourceAction& action) {
      return !IsInSpec(draft->spec, part.name, action.id);
    });
    if (dropped > 0) draft.Emit(ComponentStaged{.part = std::move(part)});
  }
}

}  // namespace

void SettleDropped(ComponentDraft& draft) {
  const Component& before = draft.before();
  const bool is_other = before.Exists() && before.metadata.generation != draft->metadata.generation;
  if (!is_other || !draft.MayWrite<ResourceLeaving>()) return DropParts(draft);
  const ComponentSpec spec = draft->spec;
  ForEachOnlyIn(before.spec, spec, [&](const ComponentPart& part, const auto& resource) {
    AskToGo(draft, part, resource);
  });
  DropParts(draft);
  DropActions(draft);
  const auto forget = [&](const ComponentPart& part, const ComponentResource& resource) {
    if (!IsKnown(draft.state(), part.name, resource.id)) return;
    draft.Emit(ResourceForgotten{.component = part.name, .id = resource.id});
  };
  ForEachOnlyIn(before.spec, spec, [&](const ComponentPart& part, const auto& resource) {
    if (!FindLeaving(draft.state(), part.name, resource.id)) forget(part, resource);
  });
  // A report that was made before it left, whatever build kept it, is not this one's.
  ForEachOnlyIn(spec, before.spec, forget);
}

}  // namespace sluice::component
