// What is kept of the servers that claim the instance, and of the one that has it.
#include <algorithm>

#include "machines/instance/rules.h"
#include "machines/instance/server_rules.h"

namespace sluice {

void Evolve(Instance& instance, const ServerClaimKept& event) {
  ServerBacking& backing = instance.own.backing.Mutable();
  const auto known =
      std::find_if(backing.claims.begin(), backing.claims.end(),
                   [&](const ServerClaim& claim) { return claim.server == event.claim.server; });
  if (known == backing.claims.end()) {
    backing.claims.push_back(event.claim);
  } else {
    *known = event.claim;
  }
  // It is there; should it go again, the next one is asked for by the next attempt.
  if (event.claim.made == backing.attempt && event.claim.made != 0) backing.creating = false;
}

void Evolve(Instance& instance, const ServerClaimDropped& event) {
  std::erase_if(instance.own.backing.Mutable().claims,
                [&](const ServerClaim& claim) { return claim.server == event.server; });
}

void Evolve(Instance& instance, const ServerHolderChanged& event) {
  InstanceOwn& own = instance.own;
  own.backing.Mutable().holder = event.server;
  instance::ForgetServer(instance);
  if (!event.server.empty()) {
    instance.status.server = InstanceServer{.name = KeyOrDie(event.server).name};
    return;
  }
  // What was asked of the one that went was asked of that one.
  instance.status.server.reset();
  own.stop_wanted = false;
  own.start_wanted = false;
  own.restart_wanted = false;
  own.stopped.reset();
  own.readiness.reset();
  const ProviderReport gone{.status = ConditionStatus::kFalse,
                            .reason = "ServerGone",
                            .message = event.former + " is gone",
                            .generation = instance.metadata->generation,
                            .term = own.lease.term};
  own.programmed = gone;
  own.running = gone;
}

void Evolve(Instance& instance, const ServerObserved& event) {
  ServerBacking& backing = instance.own.backing.Mutable();
  const ReportServer& server = event.reported;
  if (!instance.status.server) return;
  instance.status.server.Mutable().reported = server;
  backing.provisioned =
      backing.provisioned || instance::StepOf(server) == instance::ServerStep::kProvisioned;
  backing.build_failed =
      backing.build_failed && instance::StepOf(server) == instance::ServerStep::kErrored;
  backing.was_down = backing.was_down || !instance::IsPoweredOn(server);
  backing.failure_is_old = backing.failure_is_old && server.rebuild_failed;
  if (server.rebuild_failed && !backing.failure_is_old) {
    backing.rebuild_failed_generation = instance.metadata->generation;
  }
  instance.own.interfaces.clear();
  if (!server.private_ip.empty() || !server.public_ip.empty()) {
    instance.own.interfaces = {
        {.address = server.private_ip, .external_address = server.public_ip}};
  }
  instance::UpdateInterfaces(instance);
}

void Evolve(Instance& instance, const ServerCreationBegan& event) {
  ServerBacking& backing = instance.own.backing.Mutable();
  backing.action = {.verb = "CreateServer"};
  backing.attempt = event.attempt;
  backing.creating = true;
  backing.ssh_certificate_authority = event.ssh_certificate_authority;
  instance.own.gone = false;
}

void Evolve(Instance& instance, const ServerReplacementBegan& event) {
  instance.own.backing.Mutable().action = {
      .verb = "DeleteServer", .field = event.field, .have = event.have, .want = event.want};
}

void Evolve(Instance& instance, const ServerRebuildBegan& event) {
  instance.own.backing.Mutable().action = {
      .verb = "RebuildServer", .field = event.field, .have = event.have, .want = event.want};
}

void Evolve(Instance& instance, const ServerUpdateBegan& event) {
  instance.own.backing.Mutable().action = {
      .verb = "UpdateServer", .field = event.field, .have = event.have, .want = event.want};
}

void Evolve(Instance& instance, const ServerActionEnded&) {
  instance.own.backing.Mutable().action = {};
}

void Evolve(Instance& instance, const ServerBuildFailed&) {
  instance.own.backing.Mutable().build_failed = true;
}

void Evolve(Instance& instance, const ServerRebuildGivenUp&) {
  instance.own.backing.Mutable().rebuild_given_up = true;
}

void Evolve(Instance& instance, const ServerRebuildAccounted& event) {
  ServerBacking& backing = instance.own.backing.Mutable();
  backing.rebuild_given_up = false;
  if (!event.failed) return;
  backing.rebuild_failed_generation = event.generation;
  backing.failure_is_old = event.generation != instance.metadata->generation;
}

}  // namespace sluice
