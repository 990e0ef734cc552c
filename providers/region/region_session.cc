#include "providers/region/region_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "providers/local/retry_delay.h"

namespace sluice::region {
namespace {

using Json = nlohmann::json;
using local::RetryDelay;

constexpr Micros kRefusedAgain{60'000'000};

std::string CommandText(const std::string& id, const std::string& entity,
                        const std::string& command, const Json& payload) {
  return Json{{"id", id},
              {"entity", entity},
              {"command", command},
              {"actor", "provider/region"},
              {"payload", payload}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

uint64_t TermOf(const std::string& reply) {
  const Json json = Json::parse(reply, nullptr, false);
  if (!json.is_object() || !json.contains("term")) return 0;
  const Json& term = json.at("term");
  return term.is_string() ? std::stoull(term.get<std::string>()) : term.get<uint64_t>();
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
      holder_(std::move(holder)),
      session_id_(std::move(session_id)),
      node_(node),
      region_(region),
      reporter_(node, scheduler),
      again_(scheduler),
      actions_again_(scheduler) {
  Acquire();
}

RegionSession::~RegionSession() { *alive_ = false; }

// ---- The lease ----------------------------------------------------------------------------------

void RegionSession::Acquire() {
  phase_ = Phase::kAcquiring;
  refused_ = false;
  // One id per wish for the lease: asked again after an unknown outcome, it gets the same answer.
  node_.Send(CommandText(fmt::format("{}-{}-lease-{}", session_id_, location_, last_command_),
                         "location/" + location_, "AcquireLease",
                         {{"provider", kProvider}, {"holder", holder_}}),
             [this, alive = alive_](const Result<CommandAnswer>& answer) {
               if (*alive) Acquired(answer);
             });
}

void RegionSession::Acquired(const Result<CommandAnswer>& answer) {
  if (phase_ != Phase::kAcquiring) return;
  if (!answer) {
    again_.Arm(RetryDelay(failures_++), [this] { Acquire(); });
    return;
  }
  ++last_command_;
  failures_ = 0;
  refused_ = !answer->accepted;
  if (refused_) {
    spdlog::warn("location {}: {}: {}", location_, answer->rejection_code,
                 answer->rejection_message);
    if (HeldByAnother()) return Lose();
    again_.Arm(kRefusedAgain, [this] { Acquire(); });
    return;
  }
  term_ = TermOf(answer->reply);
  shown_ = false;
  spdlog::info("location {}: serving it, lease term {}", location_, term_);
  ReportAll();
}

bool RegionSession::HeldByAnother() const {
  return !seen_.holder.empty() && seen_.holder != holder_;
}

void RegionSession::OnLocation(const LocationObject& location) {
  seen_ = location;
  switch (phase_) {
    case Phase::kAcquiring:
      if (!refused_) return;  // Asked; the answer decides.
      return HeldByAnother() ? Lose() : Acquire();
    case Phase::kReporting:
    case Phase::kServing:
      if (HeldByAnother() && location.term > term_) return Lose();
      shown_ = shown_ || (location.holder == holder_ && location.term == term_);
      if (shown_ && location.holder.empty()) Acquire();  // Released, or the location was made anew.
      return;
    case Phase::kLost:
      if (!HeldByAnother()) Acquire();
      return;
  }
  Unreachable();
}

void RegionSession::Lose() {
  spdlog::warn("location {}: its lease is held by {}; its servers are left to that", location_,
               seen_.holder);
  phase_ = Phase::kLost;
  watch_.reset();
  again_.Cancel();
  actions_again_.Cancel();
  pending_.clear();
  reporter_.Clear();
}

// ---- Facts --------------------------------------------------------------------------------------

void RegionSession::ReportAll() {
  phase_ = Phase::kReporting;
  facts_open_ = 1;  // Held open until all are sent.
  const auto one_decided = [this](const CommandAnswer&) {
    if (--facts_open_ == 0 && phase_ == Phase::kReporting) {
      phase_ = Phase::kServing;
      Watch();
    }
  };
  for (const SimulatedServer& server : region_.List(location_)) {
    ++facts_open_;
    Report(server, one_decided);
  }
  one_decided({});
}

void RegionSession::OnServer(const SimulatedServer& server) {
  if (phase_ == Phase::kReporting || phase_ == Phase::kServing) Report(server, {});
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
  const std::string id = fmt::format("{}-{}-{}-{}", session_id_, location_, term_, ++last_command_);
  reporter_.Send(entity, command, CommandText(id, entity, command, Json::parse(payload)),
                 std::move(answered));
}

}  // namespace sluice::region
