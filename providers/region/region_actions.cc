// How RegionSession learns what is pending, and carries it out on the region.
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "providers/region/region_session.h"

namespace sluice::region {
namespace {

using Json = nlohmann::json;

constexpr Micros kTryAgain{2'000'000};

std::string KeyOf(const Action& action) { return action.entity() + " " + action.verb; }

const Json& At(const Json& json, const char* field) {
  static const Json kEmpty = Json::object();
  const auto found = json.find(field);
  return found == json.end() ? kEmpty : *found;
}

// What the instance wants of its server, and the tag that names it.
ServerRequest RequestOf(const Action& action, const Json& object) {
  const Json& wanted = At(At(object, "spec"), "server");
  ServerRequest request;
  request.flavor = wanted.value("flavor", "");
  request.image = wanted.value("image", "");
  request.user_data = wanted.value("userData", "");
  request.ssh_certificate_authority = wanted.value("sshCertificateAuthority", "");
  request.tags = wanted.value("tags", std::map<std::string, std::string>());
  request.tags[kInstanceTag] = action.id.ToString();
  return request;
}

std::string ServerOf(const Json& object) {
  return At(At(object, "status"), "server").value("name", "");
}

}  // namespace

void RegionSession::Watch() {
  for (auto& [key, pending] : pending_) pending.current = false;
  watch_ = node_.WatchActions(
      location_, [this](const NodeEvent& event) { OnAction(event); },
      [this] { lease_.Again([this] { Watch(); }); });
}

void RegionSession::OnAction(const NodeEvent& event) {
  lease_.Reached();
  if (event.type == NodeEvent::Type::kSynced) {
    std::erase_if(pending_, [](const auto& entry) { return !entry.second.current; });
    return;
  }
  const Result<Action> action = local::ParseAction(event.object);
  if (!action) {
    spdlog::error("location {}: {}", location_, action.error().message);
    return;
  }
  if (event.type == NodeEvent::Type::kDeleted) {
    pending_.erase(KeyOf(*action));
    return;
  }
  pending_[KeyOf(*action)] = {*action, true};
  CheckAndCarryOut(*action);
}

bool RegionSession::IsPending(const Action& action) const {
  const auto found = pending_.find(KeyOf(action));
  return lease_.serving() && found != pending_.end() && found->second.action == action;
}

// Of those that could not be carried out, and of no other: a restart is done once.
void RegionSession::TryLater(const Action& action) {
  const auto found = pending_.find(KeyOf(action));
  if (found == pending_.end()) return;
  found->second.later = true;
  if (actions_again_.armed()) return;
  actions_again_.Arm(kTryAgain, [this] {
    std::vector<Action> late;
    for (auto& [key, pending] : pending_) {
      if (std::exchange(pending.later, false)) late.push_back(pending.action);
    }
    for (const Action& one : late) CheckAndCarryOut(one);
  });
}

// Reads the object first: an action is a request about one incarnation of it.
void RegionSession::CheckAndCarryOut(const Action& action) {
  node_.Get(action.kind, action.id.namespace_, action.id.name, "",
            [this, alive = alive_, action](const Result<std::optional<std::string>>& object) {
              if (!*alive || !IsPending(action)) return;
              if (!object) return TryLater(action);
              if (!*object) return;  // It is gone, and its action soon is.
              const auto identity = local::ParseIdentity(**object);
              if (!identity || identity->generation < action.generation) return TryLater(action);
              if (action.uid.empty() || identity->uid == action.uid) CarryOut(action, **object);
            });
}

void RegionSession::CarryOut(const Action& action, const std::string& object) {
  if (action.verb == "ProgramNetworkContext" || action.verb == "ProgramSubnet") {
    return TellInstance(action, "ReportProgrammed", true, "Programmed", "the region's network");
  }
  const Json json = Json::parse(object, nullptr, false);
  if (action.verb == "CreateServer") return Create(action, object);
  if (action.verb == "DeleteServer") return Delete(action, object);
  if (action.verb == "DeleteInstance") {
    return TellInstance(action, "ReportDeleted", true, "Deleted", "it never was here");
  }
  if (At(json, "spec").value("backend", "") != "server") {
    return TellInstance(action, "ReportProgrammed", false, "ProgrammingFailed",
                        "a region runs servers: backend must be server");
  }
  const std::string id = ServerOf(json);
  if (!region_.Find(id)) return TryLater(action);  // It vanished: the node makes the next.
  CarryOutOnServer(action, id, object);
}

void RegionSession::CarryOutOnServer(const Action& action, const std::string& id,
                                     const std::string& object) {
  const ServerRequest request = RequestOf(action, Json::parse(object, nullptr, false));
  const SimulatedServer server = *region_.Find(id);
  if (action.verb == "RebuildServer") {
    if (server.request.image == request.image) return region_.Touch(id);
    return region_.Rebuild(id, request.image, action.generation);
  }
  if (action.verb == "UpdateServer") return region_.Update(id, request.tags);
  if (server.phase != "Provisioned") return TryLater(action);  // It has no switch yet.
  if (action.verb == "StartInstance") return region_.Start(id);
  if (action.verb == "StopInstance") return region_.Stop(id);
  if (action.verb == "RestartInstance") return region_.Reboot(id);
  spdlog::error("{}: a region knows no action {}", action.entity(), action.verb);
}

void RegionSession::Create(const Action& action, const std::string& object) {
  const Json json = Json::parse(object, nullptr, false);
  const Result<std::string> made = region_.Create(location_, RequestOf(action, json), action.uid,
                                                  static_cast<uint32_t>(action.attempt));
  if (made) return;  // What becomes of it is told as it happens.
  TellInstance(action, "ReportProgrammed", false, "CreateFailed", made.error().message);
}

// Of an instance that goes, all that were made for it; otherwise the one that it has.
void RegionSession::Delete(const Action& action, const std::string& object) {
  const Json json = Json::parse(object, nullptr, false);
  const bool goes = At(json, "metadata").contains("deletionTimestamp");
  const std::string held = ServerOf(json);
  bool found = false;
  for (const SimulatedServer& server : region_.List(location_)) {
    const bool meant = server.id == held || (goes && server.uid == action.uid);
    if (!meant) continue;
    found = true;
    region_.Delete(server.id);
  }
  if (found) return;  // Told when they are gone.
  if (goes) return TellInstance(action, "ReportDeleted", true, "Deleted", "there is no server");
  const auto version = At(At(json, "status"), "server").value("reported", Json::object());
  spdlog::warn("{}: the region has no server {}", action.entity(), held);
  const Json gone{{"resourceVersion", version.value("resourceVersion", uint64_t{0}) + 1}};
  Tell("server/" + action.id.namespace_ + "/" + held, "ReportServerGone", gone.dump(), {});
}

// A server has gone: was it the last that a deletion waited for?
void RegionSession::DeletionsAgain() {
  for (const auto& [key, pending] : std::map(pending_)) {
    const Action& action = pending.action;
    if (action.verb == "DeleteServer") CheckAndCarryOut(action);
  }
}

void RegionSession::TellInstance(const Action& action, const char* command, bool holds,
                                 const char* reason, const std::string& message) {
  const Json payload{{"status", holds ? "True" : "False"},
                     {"reason", reason},
                     {"message", message},
                     {"uid", action.uid},
                     {"generation", action.generation},
                     {"leaseTerm", lease_.term()}};
  Tell(action.entity(), command, payload.dump(-1, ' ', false, Json::error_handler_t::replace), {});
}

}  // namespace sluice::region
