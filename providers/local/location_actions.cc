// How LocationSession learns what is pending, and carries it out.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "providers/local/location_session.h"

namespace sluice::local {
namespace {

constexpr Micros kTryAgain{5'000'000};

std::string KeyOf(const Action& action) { return action.entity() + " " + action.verb; }

}  // namespace

void LocationSession::Watch() {
  for (auto& [key, pending] : pending_) pending.current = false;
  watch_ = node_.WatchActions(
      location_, [this](const NodeEvent& event) { OnAction(event); },
      [this] { lease_.Again([this] { Watch(); }); });
}

void LocationSession::OnAction(const NodeEvent& event) {
  lease_.Reached();
  if (event.type == NodeEvent::Type::kSynced) return DropStale();
  Result<Action> action = ParseAction(event.object);
  if (!action) {
    spdlog::error("location {}: {}", location_, action.error().message);
    return;
  }
  const std::string key = KeyOf(*action);
  if (event.type == NodeEvent::Type::kDeleted) {
    pending_.erase(key);
    retries_.erase(key);
    return;
  }
  Pending& pending = pending_[key];
  if (pending.number == 0) pending.number = ++last_action_;
  pending.action = *action;
  pending.current = true;
  retries_.erase(key);
  CheckAndCarryOut(*action);
}

// What was pending before the watch broke and was not told again is pending no more.
void LocationSession::DropStale() {
  std::erase_if(pending_, [this](const auto& entry) {
    if (entry.second.current) return false;
    retries_.erase(entry.first);
    return true;
  });
}

bool LocationSession::IsPending(const Action& action) const {
  const auto found = pending_.find(KeyOf(action));
  return lease_.serving() && found != pending_.end() && found->second.action == action;
}

void LocationSession::TryAgain(const Action& action) {
  auto& timer = retries_[KeyOf(action)];
  timer = std::make_unique<ScopedTimer>(scheduler_);
  timer->Arm(kTryAgain, [this, action] {
    if (IsPending(action)) CheckAndCarryOut(action);
  });
}

// Reads the object first: an action is a request about one incarnation of it.
void LocationSession::CheckAndCarryOut(const Action& action) {
  node_.Get(action.kind, action.id.namespace_, action.id.name, "",
            [this, alive = alive_, action](const Result<std::optional<std::string>>& object) {
              if (!*alive || !IsPending(action)) return;
              if (!object) return TryAgain(action);
              if (!*object) return CarryOutGone(action);
              const Result<ObjectIdentity> identity = ParseIdentity(**object);
              if (!identity || identity->generation < action.generation) return TryAgain(action);
              if (!action.uid.empty() && identity->uid != action.uid) return CarryOutGone(action);
              CarryOut(action, **object);
            });
}

// The object is deleted, or it is another by now: nothing of it may run.
void LocationSession::CarryOutGone(const Action& action) {
  if (action.kind != "instance") return;
  const auto status = host_.Get(action.id);
  if (action.verb == "DeleteInstance") return End(action);
  if (status && status->uid == action.uid) (void)host_.Remove(action.id);
}

void LocationSession::CarryOut(const Action& action, const std::string& object) {
  if (action.verb == "ProgramNetworkContext" || action.verb == "ProgramSubnet") {
    // The loopback range needs no preparation.
    Tell(action.entity(), PlainReport("ReportProgrammed", true, "Programmed", "loopback",
                                      action.uid, action.generation));
  } else if (action.verb == "ProgramInstance" || action.verb == "ReprogramInstance" ||
             action.verb == "StartInstance" || action.verb == "RestartInstance") {
    Run(action, object);
  } else if (action.verb == "StopInstance" || action.verb == "DeleteInstance") {
    End(action);
  } else if (action.verb == "CreateServer") {
    Tell(action.entity(),
         PlainReport("ReportProgrammed", false, "ProgrammingFailed",
                     "spec.backend: the local provider runs processes, and has no servers",
                     action.uid, action.generation));
  } else if (action.verb == "DeleteServer") {
    Tell(action.entity(), PlainReport("ReportDeleted", true, "Deleted", "no server was made here",
                                      action.uid, action.generation));
  } else {
    spdlog::error("{}: the local provider knows no action {}", action.entity(), action.verb);
  }
}

// What an action asks for is told, even if it was told before: it may have been asked since. That a
// process is programmed is asked for by no start. To be called before it is carried out, so that
// what is told on the way is not told twice.
void LocationSession::TellAgain(const Action& action) {
  const bool programs = action.verb == "ProgramInstance" || action.verb == "ReprogramInstance";
  const auto told = told_.find(action.entity());
  if (told == told_.end()) return;
  std::erase_if(told->second, [programs](const auto& entry) {
    return programs || entry.first != "ReportProgrammed";
  });
}

void LocationSession::Run(const Action& action, const std::string& object) {
  TellAgain(action);
  const Result<ProcessSpec> spec = ParseInstance(object);
  Result<void> done = spec ? host_.Prepare(action.id, *spec) : tl::unexpected(spec.error());
  if (!done) {
    Tell(action.entity(), PlainReport("ReportProgrammed", false, "ProgrammingFailed",
                                      done.error().message, action.uid, action.generation));
    if (done.error().code == ErrorCode::kIo) TryAgain(action);
    return;
  }
  if (action.verb == "RestartInstance") {
    done = host_.Restart(action.id, fmt::format("{}-{}-{}", session_id_, lease_.term(),
                                                pending_.at(KeyOf(action)).number));
  } else if (action.verb != "ProgramInstance") {
    done = host_.Start(action.id);
  }
  if (!done) {
    Tell(action.entity(), PlainReport("ReportRunning", false, "StartFailed", done.error().message,
                                      action.uid, action.generation));
    return TryAgain(action);
  }
  TellStatus(host_.Get(action.id).value());
}

void LocationSession::End(const Action& action) {
  const bool removes = action.verb == "DeleteInstance";
  const auto status = host_.Get(action.id);
  if (!status || status->uid != action.uid) {
    if (status && removes) (void)host_.Remove(action.id);  // An earlier incarnation's.
    Tell(action.entity(), PlainReport(removes ? "ReportDeleted" : "ReportStopped", true,
                                      removes ? "Deleted" : "Stopped", "nothing runs", action.uid,
                                      action.generation));
    return;
  }
  TellAgain(action);
  const Result<void> done = removes ? host_.Remove(action.id) : host_.Stop(action.id);
  if (!done) {
    spdlog::error("{}: {}: {}", action.entity(), action.verb, done.error().message);
    return TryAgain(action);
  }
  if (removes) return;  // Told when it is gone.
  TellStatus(host_.Get(action.id).value());
}

}  // namespace sluice::local
