// What is found of the resources of one component, and what has to be done about them.
#include "events/json.h"
#include "machines/component/guard.h"
#include "machines/component/pass.h"
#include "machines/component/reasons.h"
#include "machines/component/state.h"

namespace sluice::component {
namespace {

std::optional<std::string> Read(const Component& component, const ComponentPart& part,
                                std::string_view id, std::string_view path) {
  const ComponentResource* resource = FindResource(part, id);
  if (!resource) return std::nullopt;
  const auto report = ReportOf(component, part, *resource);
  if (!report) return std::nullopt;
  if (path == "status") return QuoteJson(report->status);
  if (path == "message") return QuoteJson(report->message);
  if (path == "ready") return std::to_string(report->ready);
  if (path == "desired") return std::to_string(report->desired);
  if (report->data.empty()) return std::nullopt;
  std::string_view rest = path.substr(std::string_view("data").size());
  if (rest.starts_with('.')) rest.remove_prefix(1);
  return JsonAt(report->data, rest);
}

// Why its guard holds it back; nothing when it does not.
std::optional<std::string> BlockedBy(const Component& component, const ComponentPart& part,
                                     const ComponentResource& resource) {
  if (resource.guard.empty()) return std::nullopt;
  if (resource.guard == "reported") {
    const auto guard = component.items.Get<GuardReport>(ComponentMachine::kGuards,
                                                        ItemKeyOf(part.name, resource.id));
    if (guard && guard->met) return std::nullopt;
    if (guard && !guard->reason.empty()) return guard->reason;
    return "the guard of " + resource.id + (guard ? " is not met" : " was not reported yet");
  }
  const bool holds = GuardHolds(resource.guard, [&](std::string_view id, std::string_view path) {
    return Read(component, part, id, path);
  });
  if (holds) return std::nullopt;
  return "the guard of " + resource.id + " is not met: " + resource.guard;
}

Finding FindingOf(const ComponentResource& resource, std::string_view status,
                  const std::optional<ResourceReport>& report) {
  Finding found{.id = resource.id, .status = std::string(status)};
  if (!report) return found;
  found.message = report->message;
  found.gradable = report->gradable;
  found.ready = report->ready;
  found.desired = report->desired;
  return found;
}

bool IsSuspension(std::string_view status) {
  return status == "PendingSuspension" || status == "Suspending" || status == "Suspended";
}

bool IsOff(const Component& component, const ComponentResource& resource) {
  if (resource.gated_by.empty()) return false;
  const GateState* gate = FindGate(component, resource.gated_by);
  return !gate || (!gate->on && gate->error.empty());
}

const std::string* GateError(const Component& component, const ComponentResource& resource) {
  const GateState* gate =
      resource.gated_by.empty() ? nullptr : FindGate(component, resource.gated_by);
  return gate && !gate->error.empty() ? &gate->error : nullptr;
}

// One that the pass creates, keeps or watches. False: the pass over this component ends.
bool Look(const Component& component, const ComponentPart& part, const ComponentResource& resource,
          Findings& findings) {
  const auto report = ReportOf(component, part, resource);
  if (const std::string* error = GateError(component, resource)) {
    findings.error = Finding{.id = resource.id,
                             .status = "Error",
                             .message = "gate " + resource.gated_by + ": " + *error};
    return false;
  }
  if (auto reason = BlockedBy(component, part, resource)) {
    findings.blocked =
        Finding{.id = resource.id, .status = "Blocked", .message = std::move(*reason)};
    return false;
  }
  if (report && report->status == "Error") {
    findings.error = FindingOf(resource, "Error", report);
    return false;
  }
  const bool is_there = IsThere(report) && !IsSuspension(report->status);
  Finding found =
      FindingOf(resource, is_there ? report->status : PendingOf(resource.family), report);
  if (!is_there && resource.mode == ResourceMode::kReadOnly) {
    if (resource.on_absence == AbsenceOption::kIgnore) return true;
    found.status = "Blocked";
    if (found.message.empty()) found.message = resource.id + " is not there";
  } else if (!is_there) {
    findings.applies.push_back({.id = resource.id, .verb = "ApplyResource"});
  }
  if (resource.participation == ResourceParticipation::kRequired) {
    findings.counted.push_back(std::move(found));
  }
  return true;
}

}  // namespace

Findings FindResources(const Component& component, const ComponentPart& part) {
  Findings findings;
  bool goes_on = true;
  for (const ComponentResource& resource : part.resources) {
    const bool is_there = IsThere(ReportOf(component, part, resource));
    const bool goes = resource.mode == ResourceMode::kDelete || IsOff(component, resource);
    if (goes) {
      if (is_there) findings.deletions.push_back({.id = resource.id, .verb = "DeleteResource"});
    } else if (resource.mode == ResourceMode::kOrphan) {
      if (is_there) findings.releases.push_back({.id = resource.id, .verb = "ReleaseResource"});
    } else if (goes_on) {
      goes_on = Look(component, part, resource, findings);
    }
  }
  return findings;
}

Findings FindSuspended(const Component& component, const ComponentPart& part) {
  Findings findings;
  for (const ComponentResource& resource : part.resources) {
    const bool suspendable =
        resource.mode == ResourceMode::kManaged && resource.family != ResourceFamily::kStatic;
    if (!suspendable || IsOff(component, resource)) continue;
    const auto report = ReportOf(component, part, resource);
    Finding found = FindingOf(resource, "PendingSuspension", report);
    if (resource.delete_on_suspend) {
      found.status = IsThere(report) ? "Suspending" : "Suspended";
      if (IsThere(report)) {
        findings.applies.push_back({.id = resource.id, .verb = "DeleteResource"});
      }
    } else {
      if (report && IsSuspension(report->status)) found.status = report->status;
      if (found.status != "Suspended") {
        findings.applies.push_back({.id = resource.id, .verb = "SuspendResource"});
      }
    }
    if (resource.participation == ResourceParticipation::kRequired) {
      findings.counted.push_back(std::move(found));
    }
  }
  return findings;
}

std::string_view RemovalOf(ResourceMode mode) {
  switch (mode) {
    case ResourceMode::kManaged:
    case ResourceMode::kDelete:
      return "DeleteResource";
    case ResourceMode::kOrphan:
      return "ReleaseResource";
    case ResourceMode::kReadOnly:
      return "";
  }
  Unreachable();
}

std::vector<ResourceAction> Removals(const Component& component, const ComponentPart& part) {
  std::vector<ResourceAction> deletions;
  std::vector<ResourceAction> releases;
  for (const ComponentResource& resource : part.resources) {
    const std::string_view verb = RemovalOf(resource.mode);
    if (verb.empty() || !IsThere(ReportOf(component, part, resource))) continue;
    const bool is_let_go = resource.mode == ResourceMode::kOrphan;
    (is_let_go ? releases : deletions).push_back({.id = resource.id, .verb = std::string(verb)});
  }
  deletions.insert(deletions.end(), releases.begin(), releases.end());
  return deletions;
}

}  // namespace sluice::component
