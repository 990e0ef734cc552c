#include "providers/region/simulated_region.h"

#include <fmt/format.h>

#include <utility>

#include "events/sha256.h"

namespace sluice::region {

SimulatedRegion::SimulatedRegion(RegionOptions options, Scheduler& scheduler)
    : options_(std::move(options)), scheduler_(scheduler) {}

// ---- The API ------------------------------------------------------------------------------------

Result<std::string> SimulatedRegion::Create(const std::string& location,
                                            const ServerRequest& request, const std::string& uid,
                                            uint32_t attempt) {
  for (const auto& [id, entry] : servers_) {
    const SimulatedServer& server = entry.server;
    if (uid.empty() || server.uid != uid || server.attempt != attempt) continue;
    if (!server.gone) return id;
  }
  if (faults_.Strikes("create", request.flavor, request.image, request.tags)) {
    return Err(ErrorCode::kUnavailable, "no capacity for a server of flavor {}", request.flavor);
  }
  SimulatedServer server;
  const uint64_t number = ++made_;
  server.id = fmt::format("srv-{:08x}", static_cast<uint32_t>(Draw("id", number)));
  server.location = location;
  server.request = request;
  server.uid = uid;
  server.attempt = attempt;
  server.phase = "Provisioning";
  server.power = "Queued";
  server.health = "Unknown";
  server.mac = fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", (number >> 24) & 255,
                           (number >> 16) & 255, (number >> 8) & 255, number & 255);
  const std::string id = server.id;
  servers_[id] = {std::move(server), std::make_unique<ScopedTimer>(scheduler_)};
  Changed(servers_[id].server);
  ScheduleNext(id);
  return id;
}

void SimulatedRegion::Delete(const std::string& id) {
  SimulatedServer* server = Live(id);
  if (!server || server->phase == "Deprovisioning") return;
  server->phase = "Deprovisioning";
  server->power = "Stopping";
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::Rebuild(const std::string& id, const std::string& image,
                              uint64_t generation) {
  SimulatedServer* server = Live(id);
  if (!server || server->phase == "Deprovisioning") return;
  if (server->phase == "Rebuilding" && server->next_image == image) {
    // One that is under way is whose it was begun for; should it fail, the next one is begun.
    server->asked_generation = generation;
    return;
  }
  server->rebuild_generation = generation;
  server->asked_generation = 0;
  server->phase = "Rebuilding";
  server->power = "Rebuilding";
  server->health = "Unknown";
  server->next_image = image;
  server->rebuild_failed = false;
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::Update(const std::string& id, std::map<std::string, std::string> tags) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  server->request.tags = std::move(tags);
  Changed(*server);
}

void SimulatedRegion::Start(const std::string& id) {
  SimulatedServer* server = Live(id);
  if (!server || server->phase != "Provisioned" || server->power == "Running") return;
  server->power = "Pending";
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::Stop(const std::string& id) {
  SimulatedServer* server = Live(id);
  if (!server || server->phase != "Provisioned" || server->power == "Stopped") return;
  server->power = "Stopping";
  server->reboots = false;
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::Reboot(const std::string& id) {
  Stop(id);
  SimulatedServer* server = Live(id);
  if (!server || server->phase != "Provisioned") return;
  server->reboots = true;
  if (server->power == "Stopped") Start(id);
}

void SimulatedRegion::Touch(const std::string& id) {
  if (SimulatedServer* server = Live(id)) Changed(*server);
}

const SimulatedServer* SimulatedRegion::Find(const std::string& id) const {
  const auto found = servers_.find(id);
  return found == servers_.end() ? nullptr : &found->second.server;
}

std::vector<SimulatedServer> SimulatedRegion::List(const std::string& location) const {
  std::vector<SimulatedServer> servers;
  for (const auto& [id, entry] : servers_) {
    if (entry.server.location == location) servers.push_back(entry.server);
  }
  return servers;
}

// ---- What befalls a server ----------------------------------------------------------------------

void SimulatedRegion::Vanish(const std::string& id) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  servers_[id].timer->Cancel();
  server->gone = true;
  Changed(*server);
}

void SimulatedRegion::SetTag(const std::string& id, const std::string& key,
                             const std::string& value) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  server->request.tags[key] = value;
  Changed(*server);
}

void SimulatedRegion::StripTag(const std::string& id, const std::string& key) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  server->request.tags.erase(key);
  Changed(*server);
}

void SimulatedRegion::SetPhase(const std::string& id, const std::string& phase) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  server->phase = phase;
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::SetPower(const std::string& id, const std::string& power) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  server->power = power;
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::SetHealth(const std::string& id, const std::string& health) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  server->health = health;
  Changed(*server);
}

// ---- Steps --------------------------------------------------------------------------------------

SimulatedServer* SimulatedRegion::Live(const std::string& id) {
  const auto found = servers_.find(id);
  return found == servers_.end() || found->second.server.gone ? nullptr : &found->second.server;
}

void SimulatedRegion::Changed(SimulatedServer& server) {
  server.resource_version = ++version_;
  if (listener_) listener_(server);
}

// The same for the same seed, server and moment of its life, whatever else happens in the region.
uint64_t SimulatedRegion::Draw(const std::string& what, uint64_t number) const {
  const std::string digest =
      Sha256Hex(fmt::format("{}/{}/{}/{}", options_.seed, options_.name, what, number));
  return std::stoull(digest.substr(0, 15), nullptr, 16);
}

void SimulatedRegion::ScheduleNext(const std::string& id) {
  Entry& entry = servers_.at(id);
  const SimulatedServer& server = entry.server;
  const bool moves = server.phase == "Provisioning" || server.phase == "Rebuilding" ||
                     server.phase == "Deprovisioning" || server.power == "Stopping" ||
                     server.power == "Pending";
  if (!moves || server.gone) return entry.timer->Cancel();
  const uint64_t percent = 50 + Draw(id + server.phase + server.power, server.attempt) % 101;
  entry.timer->Arm(options_.step_time * static_cast<int64_t>(percent) / 100,
                   [this, id] { Proceed(id); });
}

void SimulatedRegion::Proceed(const std::string& id) {
  SimulatedServer* server = Live(id);
  if (!server) return;
  if (server->phase == "Deprovisioning") {
    server->gone = true;
  } else if (server->phase == "Provisioning" && server->power == "Queued") {
    server->power = "Building";
  } else if (server->phase == "Provisioning") {
    FinishBuild(*server);
  } else if (server->phase == "Rebuilding") {
    FinishRebuild(*server);
  } else if (server->power == "Stopping") {
    server->power = server->reboots ? "Running" : "Stopped";
    server->reboots = false;
  } else {
    server->power = "Running";
  }
  Changed(*server);
  ScheduleNext(id);
}

void SimulatedRegion::FinishBuild(SimulatedServer& server) {
  const ServerRequest& request = server.request;
  if (faults_.Strikes("build", request.flavor, request.image, request.tags)) {
    server.phase = "Errored";
    server.power = "Error";
    server.health = "Errored";
    return;
  }
  const uint64_t number = Draw("address", server.resource_version);
  server.private_ip =
      fmt::format("10.{}.{}.{}", (number >> 16) & 255, (number >> 8) & 255, 1 + number % 254);
  server.public_ip = fmt::format("198.18.{}.{}", (number >> 24) & 255, 1 + (number >> 32) % 254);
  server.phase = "Provisioned";
  server.power = "Running";
  server.health = "Healthy";
}

void SimulatedRegion::FinishRebuild(SimulatedServer& server) {
  const ServerRequest& request = server.request;
  if (faults_.Strikes("rebuild", request.flavor, server.next_image, request.tags)) {
    if (server.asked_generation > server.rebuild_generation) {
      server.rebuild_generation = std::exchange(server.asked_generation, 0);
      return;
    }
    server.rebuild_failed = true;
  } else {
    server.request.image = server.next_image;
  }
  server.next_image.clear();
  server.phase = "Provisioned";
  server.power = "Running";
  server.health = "Healthy";
}

}  // namespace sluice::region
