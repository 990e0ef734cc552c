#include "providers/local/location_session.h"

#include <spdlog/spdlog.h>

namespace sluice::local {
namespace {

std::string InstanceEntity(const InstanceId& id) { return "instance/" + id.ToString(); }

}  // namespace

LocationSession::LocationSession(std::string location, std::string holder, std::string session_id,
                                 NodeClient& node, Scheduler& scheduler, ProcessHost& host)
    : location_(std::move(location)),
      session_id_(std::move(session_id)),
      node_(node),
      scheduler_(scheduler),
      host_(host),
      reporter_(node, scheduler),
      lease_(location_,
             {.provider = kProvider, .holder = std::move(holder), .session = session_id_}, node,
             scheduler,
             {.granted = [this] { ReportAll(); },
              .serve = [this] { Watch(); },
              .lost = [this](const std::string& another) { Lose(another); }}) {
  lease_.Acquire();
}

LocationSession::~LocationSession() { *alive_ = false; }

// Whoever has it now answers for the instances; two must not run them.
void LocationSession::Lose(const std::string& holder) {
  spdlog::warn("location {}: its lease is held by {}; ending what runs here", location_, holder);
  watch_.reset();
  retries_.clear();
  pending_.clear();
  told_.clear();
  reporter_.Clear();
  for (const ProcessStatus& status : host_.List()) {
    if (status.location != location_) continue;
    if (Result<void> removed = host_.Remove(status.id); !removed) {
      spdlog::error("instance {}: {}", status.id.ToString(), removed.error().message);
    }
  }
}

// ---- Facts --------------------------------------------------------------------------------------

void LocationSession::ReportAll() {
  told_.clear();
  lease_.TellFacts([this](const LocationLease::Fact& fact) {
    for (const ProcessStatus& status : host_.List()) {
      if (status.location != location_) continue;
      // An end that was told is not told again: a start may have been asked for since. One that was
      // asked for and not told is still asked for.
      const bool asked = status.state == ProcessState::kStopped && !status.completed;
      if (asked || status.end_told) continue;
      for (const Report& report : ReportsFor(status)) {
        told_[InstanceEntity(status.id)][report.command] = report;
        TellFact(status, report, fact());
      }
    }
  });
}

void LocationSession::Tell(const std::string& entity, const Report& report,
                           Reporter::Answered answered) {
  const std::string id = lease_.NextCommandId();
  reporter_.Send(entity, report.command, CommandText(id, entity, report, lease_.term()),
                 std::move(answered));
}

void LocationSession::TellFact(const ProcessStatus& status, const Report& report,
                               Reporter::Answered answered) {
  const bool ends = report.command == "ReportStopped" || report.command == "ReportFailed";
  Tell(InstanceEntity(status.id), report,
       [this, id = status.id, run = status.run, ends,
        answered = std::move(answered)](const CommandAnswer& answer) {
         if (answer.rejection_code == "NotFound" && host_.Get(id)) {
           spdlog::warn("instance {}: the engine does not know it; it is ended", id.ToString());
           (void)host_.Remove(id);
         } else if (ends) {
           EndDecided(id, run, answer);
         }
         if (answered) answered(answer);
       });
}

void LocationSession::TellStatus(const ProcessStatus& status) {
  const std::string entity = InstanceEntity(status.id);
  for (const Report& report : ReportsFor(status)) {
    Report& told = told_[entity][report.command];
    if (told == report) continue;
    told = report;
    TellFact(status, report);
  }
  if (status.state == ProcessState::kRemoved) told_.erase(entity);
}

void LocationSession::OnStatus(const ProcessStatus& status) {
  if (lease_.held()) TellStatus(status);
}

// A start that is pending after this decision is a new one, even if it was told before we knew.
void LocationSession::EndDecided(const InstanceId& id, uint64_t run, const CommandAnswer& answer) {
  if (answer.rejection_code == "Quarantined") return;
  if (const Result<void> told = host_.EndTold(id, run); !told) {
    spdlog::warn("instance {}: {}", id.ToString(), told.error().message);
  }
  const auto found = pending_.find(InstanceEntity(id) + " StartInstance");
  if (found == pending_.end()) return;
  node_.Get("instance", id.namespace_, id.name, answer.position,
            [this, alive = alive_,
             action = found->second.action](const Result<std::optional<std::string>>& object) {
              if (!*alive || !IsPending(action) || !object || !*object) return;
              const Result<ObjectIdentity> identity = ParseIdentity(**object);
              const bool ended =
                  identity && (identity->phase == "Stopped" || identity->phase == "Failed");
              if (identity && !ended) CheckAndCarryOut(action);
            });
}

}  // namespace sluice::local
