#include "machines/instance/server_rules.h"

#include "events/json.h"
#include "machines/instance/rules.h"

namespace sluice::instance {
namespace {

constexpr std::string_view kReservedPrefix = "compute.unikorn-cloud.org/";

struct Word {
  std::string_view text;
  ServerStep step;
};

// Regions say either how far the server is made, or what it does; the second kind of word means
// that it is made.
constexpr std::array kWords = {
    Word{"Provisioned", ServerStep::kProvisioned},
    Word{"Provisioning", ServerStep::kProvisioning},
    Word{"Deprovisioning", ServerStep::kDeprovisioning},
    Word{"Cancelled", ServerStep::kCancelled},
    Word{"Errored", ServerStep::kErrored},
    Word{"Pending", ServerStep::kProvisioning},
    Word{"Queued", ServerStep::kProvisioning},
    Word{"Building", ServerStep::kProvisioning},
    Word{"Rebuilding", ServerStep::kProvisioning},
    Word{"Running", ServerStep::kProvisioned},
    Word{"Stopping", ServerStep::kProvisioned},
    Word{"Stopped", ServerStep::kProvisioned},
    Word{"Error", ServerStep::kErrored},
};

// The tags that are users' business.
std::map<std::string, std::string> UserTags(const std::map<std::string, std::string>& tags) {
  std::map<std::string, std::string> users;
  for (const auto& [key, value] : tags) {
    if (!key.starts_with(kReservedPrefix)) users.emplace(key, value);
  }
  return users;
}

std::string TagsText(const std::map<std::string, std::string>& tags) {
  std::string text;
  for (const auto& [key, value] : tags) {
    if (!text.empty()) text += ",";
    text += key + "=" + value;
  }
  return text;
}

// As the region says, or as the server was asked for where it says nothing.
std::string SshAuthorityOf(const Instance& instance, const ReportServer& server) {
  constexpr const char* kField = "sshCertificateAuthority";
  if (const auto said = server.spec.empty() ? std::nullopt : JsonAt(server.spec, kField)) {
    if (const auto spec = FromJson<ServerSpec>(fmt::format(R"({{"{}":{}}})", kField, *said))) {
      return spec->ssh_certificate_authority;
    }
  }
  return instance.own.backing->ssh_certificate_authority;
}

ServerAction Action(const char* verb, const char* field, std::string have, std::string want) {
  return {.verb = verb, .field = field, .have = std::move(have), .want = std::move(want)};
}

ServerAction TagDifference(const ReportServer& server, const ServerSpec& want) {
  const auto have_tags = UserTags(server.tags);
  const auto want_tags = UserTags(want.tags);
  if (have_tags == want_tags) return {};
  return Action("UpdateServer", "tags", TagsText(have_tags), TagsText(want_tags));
}

}  // namespace

bool IsServerBacked(const Instance& instance) { return instance.spec->backend == "server"; }

const ReportServer* HeldServer(const Instance& instance) {
  const auto& server = instance.status.server;
  if (instance.own.backing->holder.empty() || !server || server->reported.resource_version == 0) {
    return nullptr;
  }
  return &server->reported;
}

ServerStep StepOf(const ReportServer& server) {
  const std::string_view said = server.phase.empty() ? server.power : server.phase;
  for (const Word& word : kWords) {
    if (word.text == said) return word.step;
  }
  return ServerStep::kUnknown;
}

bool IsPoweredOn(const ReportServer& server) { return server.power == "Running"; }
bool IsPoweredOff(const ReportServer& server) { return server.power == "Stopped"; }

bool HasRebuildFailed(const Instance& instance) {
  return instance.own.backing->rebuild_failed_generation == instance.metadata->generation;
}

int64_t RebuildThatFailed(const Instance& instance, const ReportServer& report) {
  const ServerBacking& backing = instance.own.backing;
  if (report.rebuild_generation != 0) return report.rebuild_generation;
  // A region that does not say which one tells of them in turn.
  if (backing.rebuild_given_up || backing.failure_is_old) return 0;
  return instance.metadata->generation;
}

ServerAction DifferenceOf(const Instance& instance) {
  const ReportServer* server = HeldServer(instance);
  if (!server || !instance.spec->server_spec) return {};
  const ServerSpec& want = *instance.spec->server_spec;
  // What a region does not say it cannot differ in.
  if (!server->flavor.empty() && server->flavor != want.flavor) {
    return Action("DeleteServer", "flavor", server->flavor, want.flavor);
  }
  const std::string authority = SshAuthorityOf(instance, *server);
  const bool known = !server->spec.empty() || server->uid == instance.metadata->uid;
  if (known && authority != want.ssh_certificate_authority) {
    return Action("DeleteServer", "sshCertificateAuthority", authority,
                  want.ssh_certificate_authority);
  }
  if (!server->image.empty() && server->image != want.image) {
    return Action("RebuildServer", "image", server->image, want.image);
  }
  return TagDifference(*server, want);
}

ServerAction WantedAction(const Instance& instance) {
  const ServerBacking& backing = instance.own.backing;
  if (!instance.spec->controller.scheduling_gates.empty() || HasFailed(instance)) return {};
  if (instance.spec->pause) {
    // A server that was asked for may be on its way: it is held back (ServerVerb), and asked for as
    // the same one afterwards.
    const bool held = backing.holder.empty() && backing.action.verb == "CreateServer";
    return held ? backing.action : ServerAction{};
  }
  const bool waits = instance.status.retry.next_time.IsSet();
  if (backing.holder.empty()) return waits ? ServerAction{} : Action("CreateServer", "", "", "");
  const ReportServer* server = HeldServer(instance);
  if (!server || StepOf(*server) == ServerStep::kDeprovisioning) return {};
  // It never came up and will not: another one is tried, with back-off.
  if (backing.build_failed) {
    return waits ? ServerAction{} : Action("DeleteServer", "phase", server->phase, "Provisioned");
  }
  ServerAction action = DifferenceOf(instance);
  const bool waits_for_spec = action.verb == "RebuildServer" && HasRebuildFailed(instance);
  // The tags have nothing to do with the image.
  return waits_for_spec ? TagDifference(*server, *instance.spec->server_spec) : action;
}

bool MayHaveServer(const Instance& instance) {
  const InstanceOwn& own = instance.own;
  if (own.gone) return false;
  return !own.backing->holder.empty() || (own.backing->creating && own.lease.term > 0);
}

std::string_view ServerVerb(const Instance& instance) {
  using enum InstancePhase;
  const InstanceOwn& own = instance.own;
  const ReportServer* server = HeldServer(instance);
  const bool runs = server && !IsPoweredOff(*server);
  const std::string_view action =
      instance.spec->pause ? std::string_view() : own.backing->action.verb;
  switch (instance.status.phase) {
    case kDeleting:
      return MayHaveServer(instance) ? "DeleteServer" : "";
    case kFailed:
      return runs && !instance.spec->pause ? "StopInstance" : "";
    // A spec that changed holds for a server that is off, too.
    case kStopping:
      if (runs && !instance.spec->pause) return "StopInstance";
      return action;
    case kStopped:
      return action;
    case kAbsent:
    case kGated:
    case kExpired:
    case kDeleted:
      return "";
    case kProgramming:
    case kProgrammed:
    case kStarting:
    case kRunning:
    case kReady:
    case kExpiring:
      break;
  }
  if (!action.empty()) return action;
  if (instance.spec->pause || !server) return "";
  if (own.restart_wanted) return "RestartInstance";
  return own.start_wanted && !IsPoweredOn(*server) ? "StartInstance" : "";
}

std::string HealthOf(const Instance& instance) {
  const ReportServer* server = HeldServer(instance);
  if (!server) return "Unknown";
  if (StepOf(*server) == ServerStep::kErrored || server->health == "Error") return "Errored";
  const std::string& health = server->health;
  return health == "Healthy" || health == "Degraded" || health == "Errored" ? health : "Unknown";
}

std::string BestClaim(const Instance& instance) {
  const ServerClaim* best = nullptr;
  for (const ServerClaim& claim : instance.own.backing->claims) {
    if (instance.IsDeleting() && claim.made == 0 && claim.server != instance.own.backing->holder) {
      continue;
    }
    if (!best || claim.made > best->made) best = &claim;
  }
  return best ? best->server : "";
}

std::string DifferenceText(const ServerAction& action) {
  return fmt::format("{} is '{}', wanted is '{}'", action.field, action.have, action.want);
}

void ForgetServer(Instance& instance) {
  ServerBacking& backing = instance.own.backing.Mutable();
  backing.provisioned = false;
  backing.build_failed = false;
  backing.rebuild_failed_generation = 0;
  backing.failure_is_old = false;
  backing.was_down = false;
  backing.rebuild_given_up = false;
  backing.action = {};
  instance.own.interfaces.clear();
  UpdateInterfaces(instance);
}

}  // namespace sluice::instance
