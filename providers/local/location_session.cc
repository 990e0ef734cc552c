#include "providers/local/location_session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/local/retry_delay.h"

namespace sluice::local {
namespace {

constexpr Micros kRefusedAgain{60'000'000};

std::string InstanceEntity(const InstanceId& id) { return "instance/" + id.ToString(); }

uint64_t TermOf(const std::string& reply) {
  const auto json = nlohmann::json::parse(reply, nullptr, false);
  if (!json.is_object()) return 0;
  const auto found = json.find("term");
  if (found == json.end()) return 0;
  return found->is_string() ? std::stoull(found->get<std::string>()) : found->get<uint64_t>();
}

}  // namespace

LocationSession::LocationSession(std::string location, std::string holder, std::string session_id,
                                 NodeClient& node, Scheduler& scheduler, ProcessHost& host)
    : location_(std::move(location)),
      holder_(std::move(holder)),
      session_id_(std::move(session_id)),
      node_(node),
      scheduler_(scheduler),
      host_(host),
      reporter_(node, scheduler),
      again_(scheduler) {
  Acquire();
}

LocationSession::~LocationSession() { *alive_ = false; }

// ---- The lease ----------------------------------------------------------------------------------

void LocationSession::Acquire() {
  phase_ = Phase::kAcquiring;
  refused_ = false;
  // One id per wish for the lease: asked again after an unknown outcome, it gets the same answer.
  const nlohmann::json payload{{"provider", kProvider}, {"holder", holder_}};
  node_.Send(CommandText(fmt::format("{}-lease-{}", session_id_, last_command_),
                         "location/" + location_, "AcquireLease", payload.dump()),
             [this, alive = alive_](const Result<CommandAnswer>& answer) {
               if (*alive) Acquired(answer);
             });
}

void LocationSession::Acquired(const Result<CommandAnswer>& answer) {
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
    // Every wish is a record for ever, so they are few; a change of the location brings one, too.
    again_.Arm(kRefusedAgain, [this] { Acquire(); });
    return;
  }
  term_ = TermOf(answer->reply);
  shown_ = false;
  spdlog::info("location {}: serving it, lease term {}", location_, term_);
  ReportAll();
}

bool LocationSession::HeldByAnother() const {
  return !seen_.holder.empty() && seen_.holder != holder_;
}

void LocationSession::OnLocation(const LocationObject& location) {
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

// Whoever has it now answers for the instances; two must not run them.
void LocationSession::Lose() {
  spdlog::warn("location {}: its lease is held by {}; ending what runs here", location_,
               seen_.holder);
  phase_ = Phase::kLost;
  watch_.reset();
  again_.Cancel();
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
  phase_ = Phase::kReporting;
  told_.clear();
  facts_open_ = 1;  // Held open until all are sent.
  const auto one_decided = [this](const CommandAnswer&) {
    if (--facts_open_ == 0 && phase_ == Phase::kReporting) {
      phase_ = Phase::kServing;
      Watch();
    }
  };
  for (const ProcessStatus& status : host_.List()) {
    if (status.location != location_) continue;
    // An end that was told is not told again: a start may have been asked for since. One that was
    // asked for and not told is still asked for.
    const bool asked = status.state == ProcessState::kStopped && !status.completed;
    if (asked || status.end_told) continue;
    for (const Report& report : ReportsFor(status)) {
      ++facts_open_;
      told_[InstanceEntity(status.id)][report.command] = report;
      TellFact(status, report, one_decided);
    }
  }
  one_decided({});
}

void LocationSession::Tell(const std::string& entity, const Report& report,
                           Reporter::Answered answered) {
  const std::string id = fmt::format("{}-{}-{}", session_id_, term_, ++last_command_);
  reporter_.Send(entity, report.command, CommandText(id, entity, report, term_),
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
  if (phase_ == Phase::kReporting || phase_ == Phase::kServing) TellStatus(status);
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
