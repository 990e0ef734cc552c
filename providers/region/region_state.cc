// The region on disk: its servers outlive the program that simulates it.
#include <nlohmann/json.hpp>

#include "providers/region/simulated_region.h"

namespace sluice::region {
namespace {

using Json = nlohmann::json;

Json ToJson(const SimulatedServer& server) {
  return {{"id", server.id},
          {"location", server.location},
          {"flavor", server.request.flavor},
          {"image", server.request.image},
          {"userData", server.request.user_data},
          {"sshCertificateAuthority", server.request.ssh_certificate_authority},
          {"tags", server.request.tags},
          {"uid", server.uid},
          {"attempt", server.attempt},
          {"phase", server.phase},
          {"power", server.power},
          {"health", server.health},
          {"privateIP", server.private_ip},
          {"publicIP", server.public_ip},
          {"mac", server.mac},
          {"resourceVersion", server.resource_version},
          {"rebuildFailed", server.rebuild_failed},
          {"nextImage", server.next_image},
          {"rebuildGeneration", server.rebuild_generation},
          {"askedGeneration", server.asked_generation},
          {"reboots", server.reboots},
          {"gone", server.gone}};
}

SimulatedServer FromJson(const Json& json) {
  SimulatedServer server;
  json.at("id").get_to(server.id);
  json.at("location").get_to(server.location);
  json.at("flavor").get_to(server.request.flavor);
  json.at("image").get_to(server.request.image);
  json.at("userData").get_to(server.request.user_data);
  json.at("sshCertificateAuthority").get_to(server.request.ssh_certificate_authority);
  json.at("tags").get_to(server.request.tags);
  json.at("uid").get_to(server.uid);
  json.at("attempt").get_to(server.attempt);
  json.at("phase").get_to(server.phase);
  json.at("power").get_to(server.power);
  json.at("health").get_to(server.health);
  json.at("privateIP").get_to(server.private_ip);
  json.at("publicIP").get_to(server.public_ip);
  json.at("mac").get_to(server.mac);
  json.at("resourceVersion").get_to(server.resource_version);
  json.at("rebuildFailed").get_to(server.rebuild_failed);
  json.at("nextImage").get_to(server.next_image);
  // Regions of before kept none.
  server.rebuild_generation = json.value("rebuildGeneration", uint64_t{0});
  server.asked_generation = json.value("askedGeneration", uint64_t{0});
  json.at("reboots").get_to(server.reboots);
  json.at("gone").get_to(server.gone);
  return server;
}

}  // namespace

std::string SimulatedRegion::Save() const {
  Json servers = Json::array();
  for (const auto& [id, entry] : servers_) servers.push_back(ToJson(entry.server));
  Json rules = Json::array();
  for (const FaultRule& rule : faults_.rules()) rules.push_back(ToString(rule));
  return Json{{"version", version_}, {"made", made_}, {"servers", servers}, {"faults", rules}}.dump(
      1, ' ', false, Json::error_handler_t::replace);
}

Result<void> SimulatedRegion::Load(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    json.at("version").get_to(version_);
    json.at("made").get_to(made_);
    for (const Json& rule : json.at("faults")) {
      if (auto parsed = ParseFaultRule(rule.get<std::string>())) faults_.Add(*std::move(parsed));
    }
    for (const Json& entry : json.at("servers")) {
      SimulatedServer server = FromJson(entry);
      const std::string id = server.id;
      servers_[id] = {std::move(server), std::make_unique<ScopedTimer>(scheduler_)};
      ScheduleNext(id);
    }
  } catch (const std::exception& error) {
    return Err(ErrorCode::kCorruption, "the region's state cannot be read: {}", error.what());
  }
  return {};
}

}  // namespace sluice::region
