#include "providers/region/region_session.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace sluice::region {
namespace {

using Json = nlohmann::json;

std::string CommandText(const std::string& id, const std::string& entity,
                        const std::string& command, const Json& payload) {
  return Json{{"id", id},
              {"entity", entity},
              {"command", command},
              {"actor", "provider/region"},
              {"payload", payload}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ReportOf(const SimulatedServer& server, const std::string& region) {
  Json report{{"id", server.id},
              {"region", region},
              {"tags", server.request.tags},
              {"flavor", server.request.flavor},
              {"image", server.request.image},
              {"spec", {{"sshCertificateAuthority", server.request.ssh_certificate_authority}}},
              {"phase", server.phase},
              {"power", server.power},
              {"health", server.health},
              {"privateIP", server.private_ip},
              {"publicIP", server.public_ip},
              {"mac", server.mac},
              {"resourceVersion", server.resource_version}};
  if (server.rebuild_failed) report["rebuildFailed"] = true;
  if (server.rebuild_generation != 0) report["rebuildGeneration"] = server.rebuild_generation;
  if (!server.uid.empty()) {
    report["uid"] = server.uid;
    report["attempt"] = server.attempt;
  }
  return report;
}

}  // namespace

RegionSession::RegionSession(std::string location, std::string holder, std::string session_id,
                             NodeClient& node, Scheduler& scheduler, SimulatedRegion& region)
    : location_(std::move(location)),
      node_(node),
      region_(region),
      reporter_(node, scheduler),
      actions_again_(scheduler),
      lease_(location_,
             {.provider = kProvider,
              .holder = std::move(holder),
              .session = std::move(session_id) + "-" + location_},
             node, scheduler,
             {.granted = [this] { ReportAll(); },
              .serve = [this] { Watch(); },
              .lost = [this](const std::string& another) { Lose(another); }}) {
  lease_.Acquire();
}

RegionSession::~RegionSession() { *alive_ = false; }

void RegionSession::Lose(const std::string& holder) {
  spdlog::warn("location {}: its lease is held by {}; its servers are left to that", location_,
               holder);
  watch_.reset();
  actions_again_.Cancel();
  pending_.clear();
  reporter_.Clear();
}

// ---- Facts --------------------------------------------------------------------------------------

void RegionSession::ReportAll() {
  lease_.TellFacts([this](const local::LocationLease::Fact& fact) {
    for (const SimulatedServer& server : region_.List(location_)) Report(server, fact());
  });
}

void RegionSession::OnServer(const SimulatedServer& server) {
  if (lease_.held()) Report(server, {});
}

void RegionSession::Report(const SimulatedServer& server, local::Reporter::Answered answered) {
  if (!server.gone) {
    return Tell(server.entity(), "ReportServer",
                ReportOf(server, region_.options().name)
                    .dump(-1, ' ', false, Json::error_handler_t::replace),
                std::move(answered));
  }
  Tell(server.entity(), "ReportServerGone",
       Json{{"resourceVersion", server.resource_version}}.dump(),
       [this, id = server.id, answered = std::move(answered)](const CommandAnswer& answer) {
         if (answer.rejection_code != "Quarantined") region_.Forget(id);
         DeletionsAgain();
         if (answered) answered(answer);
       });
}

void RegionSession::Tell(const std::string& entity, const std::string& command,
                         const std::string& payload, local::Reporter::Answered answered) {
  const std::string id = lease_.NextCommandId();
  reporter_.Send(entity, command, CommandText(id, entity, command, Json::parse(payload)),
                 std::move(answered));
}

}  // namespace sluice::region
