// Available, Active, Healthy, Paused and ServerConflict, of an instance that is backed by a server.
#include "machines/instance/rules.h"
#include "machines/instance/server_rules.h"

namespace sluice {
namespace {

using enum ConditionStatus;
using instance::ServerStep;
using InstanceDraft = Draft<InstanceMachine>;

constexpr std::array<std::string_view, 8> kActiveReasons = {
    "Pending", "Queued", "Building", "Running", "Stopping", "Stopped", "Error", "Rebuilding"};

std::string NameOf(const Instance& instance) { return "server " + instance.status.server->name; }

void SettleAvailable(InstanceDraft& draft) {
  const auto set = [&](ConditionStatus status, const char* reason, const std::string& message) {
    draft.SetCondition("Available", status, reason, message);
  };
  const Instance& state = draft.state();
  if (state.IsDeleting()) return set(kFalse, "Deprovisioning", "Instance is being deleted");
  const ReportServer* server = instance::HeldServer(state);
  if (!server) {
    const ProviderReport* failure = instance::Current(state, state.own.programmed);
    if (state.status.retry.attempt > 0 && failure) {
      return set(kFalse, "Errored", failure->message);
    }
    return set(kFalse, "Provisioning", "Instance has no server");
  }
  const std::string is =
      NameOf(state) + " is " + (server->phase.empty() ? server->power : server->phase);
  switch (instance::StepOf(*server)) {
    case ServerStep::kProvisioned: {
      const ServerAction difference = instance::DifferenceOf(state);
      if (difference.verb.empty()) return set(kTrue, "Provisioned", is);
      const std::string text = instance::DifferenceText(difference);
      const bool failed = difference.verb == "RebuildServer" && instance::HasRebuildFailed(state);
      if (!failed) return set(kFalse, "Provisioning", text);
      return set(kFalse, "Errored", text + "; the rebuild failed");
    }
    case ServerStep::kProvisioning:
      return set(kFalse, "Provisioning", is);
    case ServerStep::kDeprovisioning:
      return set(kFalse, "Deprovisioning", is);
    case ServerStep::kCancelled:
      return set(kFalse, "Cancelled", is);
    case ServerStep::kErrored:
      return set(kFalse, "Errored", is);
    case ServerStep::kUnknown:
      return set(kUnknown, "Provisioning", is + ", which we do not know");
  }
  Unreachable();
}

bool IsActiveReason(std::string_view word) {
  return std::find(kActiveReasons.begin(), kActiveReasons.end(), word) != kActiveReasons.end();
}

void SettleActive(InstanceDraft& draft) {
  const Instance& state = draft.state();
  const ReportServer* server = instance::HeldServer(state);
  if (!server) {
    return draft.SetCondition("Active", kFalse, "Pending", "Instance has no server");
  }
  // A phase may say more than the power does, which is off meanwhile.
  const bool building = server->phase == "Pending" || server->phase == "Queued" ||
                        server->phase == "Building" || server->phase == "Rebuilding";
  const bool errored = instance::StepOf(*server) == ServerStep::kErrored;
  const std::string word = building || server->power.empty() ? server->phase : server->power;
  const std::string reason = errored ? "Error" : word == "Provisioning" ? "Building" : word;
  if (instance::StepOf(*server) == ServerStep::kUnknown || !IsActiveReason(reason)) {
    return draft.SetCondition(
        "Active", kUnknown, "Unknown",
        fmt::format("{} is in phase '{}' with power '{}', which we do not know", NameOf(state),
                    server->phase, server->power));
  }
  draft.SetCondition("Active", reason == "Running" ? kTrue : kFalse, reason,
                     NameOf(state) + " is " + reason);
}

void SettleHealthy(InstanceDraft& draft) {
  const std::string health = instance::HealthOf(draft.state());
  const ConditionStatus status = health == "Healthy"   ? kTrue
                                 : health == "Unknown" ? kUnknown
                                                       : kFalse;
  const bool has_server = instance::HeldServer(draft.state()) != nullptr;
  draft.SetCondition(
      "Healthy", status, health,
      has_server ? NameOf(draft.state()) + " is " + health : std::string("Instance has no server"));
}

void SettleConflict(InstanceDraft& draft) {
  const ServerBacking& backing = draft->own.backing;
  if (backing.claims.size() < 2) return draft.RemoveCondition("ServerConflict");
  std::string others;
  for (const ServerClaim& claim : backing.claims) {
    if (claim.server != backing.holder) others += (others.empty() ? "" : ", ") + claim.server;
  }
  draft.SetCondition("ServerConflict", kTrue, "DuplicateMapping",
                     backing.holder + " has it; claimed by " + others + " as well");
}

}  // namespace

void SettleServerConditions(InstanceDraft& draft) {
  if (!instance::IsServerBacked(draft.state())) return;
  SettleAvailable(draft);
  SettleActive(draft);
  SettleHealthy(draft);
  SettleConflict(draft);
  if (draft->spec->pause && !draft->IsDeleting()) {
    draft.SetCondition("Paused", kTrue, "Paused", "nothing is done until spec.pause is lifted");
  } else {
    draft.RemoveCondition("Paused");
  }
}

}  // namespace sluice
