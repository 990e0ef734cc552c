// What the server is to its instance - programmed, running, stopped - and what is to be done with
// it. Derived anew after every change, from the spec and what the region reported last.
#include "machines/common/retry.h"
#include "machines/instance/rules.h"
#include "machines/instance/server_rules.h"

namespace sluice {
namespace {

using instance::ServerStep;
using InstanceDraft = Draft<InstanceMachine>;

ProviderReport Report(const Instance& instance, ConditionStatus status, std::string reason,
                      std::string message) {
  return {.status = status,
          .reason = std::move(reason),
          .message = std::move(message),
          .generation = instance.metadata->generation,
          .term = instance.own.lease.term};
}

// Of a server that is provisioned: whether it is what the spec says.
ProviderReport AgreementOf(const Instance& instance) {
  using enum ConditionStatus;
  const ServerAction difference = instance::DifferenceOf(instance);
  if (difference.verb.empty()) {
    return Report(instance, kTrue, "Programmed",
                  "server " + instance.status.server->name + " is provisioned");
  }
  const std::string text = instance::DifferenceText(difference);
  if (difference.verb == "RebuildServer" && instance::HasRebuildFailed(instance)) {
    return Report(instance, kFalse, "RebuildFailed",
                  text + "; it is tried again when the spec changes");
  }
  return Report(instance, kFalse, "ProgrammingInProgress", text);
}

ProviderReport ProgrammedBy(const Instance& instance, const ReportServer& server) {
  const std::string is = fmt::format("server {} is {}", instance.status.server->name,
                                     server.phase.empty() ? server.power : server.phase);
  const auto no = [&](const char* reason) {
    return Report(instance, ConditionStatus::kFalse, reason, is);
  };
  switch (instance::StepOf(server)) {
    case ServerStep::kProvisioned:
      return AgreementOf(instance);
    case ServerStep::kProvisioning:
      return no("Provisioning");
    case ServerStep::kDeprovisioning:
      return no("Deprovisioning");
    case ServerStep::kCancelled:
      return no("Cancelled");
    case ServerStep::kErrored:
      return no("Errored");
    case ServerStep::kUnknown:
      return Report(instance, ConditionStatus::kUnknown, "Unknown", is + ", which we do not know");
  }
  Unreachable();
}

void DeriveRunning(InstanceDraft& draft, const ReportServer& server) {
  const Instance& state = draft.state();
  const InstanceOwn& own = state.own;
  const bool runs = instance::IsPoweredOn(server);
  // What ran when the restart was asked for is not yet the next run.
  if (runs && own.restart_wanted && !own.backing->was_down) return;
  const ProviderReport report =
      Report(state, runs ? ConditionStatus::kTrue : ConditionStatus::kFalse,
             server.power.empty() ? "Unknown" : server.power,
             fmt::format("server {} has power {}", state.status.server->name,
                         server.power.empty() ? "Unknown" : server.power));
  const bool stopped = own.stop_wanted && instance::IsPoweredOff(server);
  if (stopped && !own.stopped) {
    draft.Emit(StoppedReported{
        .report = Report(state, ConditionStatus::kTrue, "Stopped", "server is stopped")});
  }
  const bool settles = runs && (own.start_wanted || own.restart_wanted || own.stopped);
  if (!stopped && (own.running != report || settles)) {
    draft.Emit(RunningReported{.report = report});
  }
}

void DeriveReports(InstanceDraft& draft) {
  const ReportServer* held = instance::HeldServer(draft.state());
  if (!held) return;
  const ReportServer server = *held;
  const bool errored = instance::StepOf(server) == ServerStep::kErrored;
  if (errored && !draft->own.backing->provisioned && !draft->own.backing->build_failed) {
    draft.Emit(ServerBuildFailed{.server = draft->own.backing->holder, .phase = server.phase});
    draft.Emit(RetryChanged{
        .retry = NextRetry(draft->status.retry, draft.now(), draft.context().Settings())});
  }
  const ProviderReport programmed = ProgrammedBy(draft.state(), server);
  if (draft->own.programmed != programmed) draft.Emit(ProgrammedReported{.report = programmed});
  DeriveRunning(draft, server);
}

void DecideAction(InstanceDraft& draft) {
  const ServerAction wanted = instance::WantedAction(draft.state());
  if (wanted == draft->own.backing->action) return;
  if (wanted.verb == "CreateServer") {
    return draft.Emit(ServerCreationBegan{
        .attempt = draft->own.backing->attempt + 1,
        .ssh_certificate_authority = draft->spec->server_spec
                                         ? draft->spec->server_spec->ssh_certificate_authority
                                         : std::string()});
  }
  if (wanted.verb == "DeleteServer") {
    return draft.Emit(
        ServerReplacementBegan{.field = wanted.field, .have = wanted.have, .want = wanted.want});
  }
  if (wanted.verb == "RebuildServer") {
    return draft.Emit(
        ServerRebuildBegan{.field = wanted.field, .have = wanted.have, .want = wanted.want});
  }
  if (wanted.verb == "UpdateServer") {
    return draft.Emit(
        ServerUpdateBegan{.field = wanted.field, .have = wanted.have, .want = wanted.want});
  }
  draft.Emit(ServerActionEnded{});
}

}  // namespace

void SettleServer(InstanceDraft& draft) {
  if (!instance::IsServerBacked(draft.state())) return;
  DeriveReports(draft);
  DecideAction(draft);
}

std::optional<Rejection> FaultOfPower(const Instance& instance, const DecideContext& context) {
  if (!instance::IsServerBacked(instance)) return std::nullopt;
  const size_t servers = instance.own.backing->claims.size();
  if (servers == 1) return std::nullopt;
  return Rejection::FailedPrecondition(
      "status.server", fmt::format("{} has {} servers; power is one server's",
                                   context.self.ToString(), servers == 0 ? "no" : "several"));
}

}  // namespace sluice
