#include "providers/local/reports.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sluice::local {
namespace {

using Json = nlohmann::json;

constexpr char kActor[] = "provider/local";

Json Payload(bool holds, const std::string& reason, const std::string& message,
             const std::string& uid, uint64_t generation) {
  return {{"status", holds ? "True" : "False"},
          {"reason", reason},
          {"message", message},
          {"uid", uid},
          {"generation", generation}};
}

Json Payload(const ProcessStatus& status, bool holds, const std::string& reason,
             const std::string& message) {
  return Payload(holds, reason, message, status.uid, status.generation);
}

void AddExit(Json& payload, const ProcessStatus& status) {
  if (status.last_exit && status.last_exit->code) payload["exitCode"] = *status.last_exit->code;
  if (status.last_exit && status.last_exit->signal) payload["signal"] = *status.last_exit->signal;
  if (status.restarts > 0) payload["restarts"] = status.restarts;
}

std::string ExitText(const ProcessStatus& status) {
  return status.last_exit ? status.last_exit->ToString() : "nothing ran";
}

Report Running(const ProcessStatus& status) {
  Json payload = Payload(status, true, "Running", fmt::format("pid {}", status.pid));
  payload["pid"] = status.pid;
  if (status.restarts > 0) payload["restarts"] = status.restarts;
  payload["networkInterfaces"] = Json::array({{{"address", status.address}}});
  return {"ReportRunning", payload.dump(), status.run};
}

Report BackingOff(const ProcessStatus& status) {
  const int64_t delay_s = status.restart_delay.count() / 1'000'000;
  Json payload = Payload(status, false, "BackOff",
                         fmt::format("{}; started again in {}s", ExitText(status), delay_s));
  AddExit(payload, status);
  return {"ReportRunning", payload.dump(), status.run};
}

Report Stopped(const ProcessStatus& status) {
  Json payload = Payload(status, true, status.completed ? "Exited" : "Stopped", ExitText(status));
  AddExit(payload, status);
  return {"ReportStopped", payload.dump(), status.run};
}

Report Failed(const ProcessStatus& status) {
  Json payload = Payload(status, true, "CrashLoop",
                         fmt::format("{}, {} restarts", ExitText(status), status.restarts));
  AddExit(payload, status);
  return {"ReportFailed", payload.dump(), status.run};
}

}  // namespace

std::vector<Report> ReportsFor(const ProcessStatus& status) {
  const Report programmed{"ReportProgrammed",
                          Payload(status, true, "Programmed", "process prepared").dump(), 0};
  switch (status.state) {
    case ProcessState::kPrepared:
    case ProcessState::kStarting:
      return {programmed};
    case ProcessState::kRunning: {
      std::vector<Report> reports{programmed};
      if (status.awaits_probe && status.run > 1) {
        // Said before "running", so that the last run's readiness is not taken for this one's.
        Json unknown = Payload(status, false, "ProbePending", "not probed yet");
        unknown["status"] = "Unknown";
        reports.push_back({"ReportReadiness", unknown.dump(), status.run});
      }
      reports.push_back(Running(status));
      if (status.ready) {
        const Json ready =
            Payload(status, *status.ready, *status.ready ? "ProbeSucceeded" : "ProbeFailed",
                    status.ready_message);
        reports.push_back({"ReportReadiness", ready.dump(), status.run});
      }
      return reports;
    }
    case ProcessState::kBackingOff:
      return {programmed, BackingOff(status)};
    case ProcessState::kStopping:
      return {};  // It is what the engine asked for, or it will be told how it ended.
    case ProcessState::kStopped:
      return {Stopped(status)};
    case ProcessState::kFailed:
      return {programmed, Failed(status)};
    case ProcessState::kRemoved:
      return {{"ReportDeleted", Payload(status, true, "Deleted", "process and files gone").dump(),
               status.run}};
  }
  Unreachable();
}

Report PlainReport(const std::string& command, bool holds, const std::string& reason,
                   const std::string& message, const std::string& uid, uint64_t generation) {
  return {command, Payload(holds, reason, message, uid, generation).dump(), 0};
}

std::string CommandText(const std::string& id, const std::string& entity,
                        const std::string& command, const std::string& payload) {
  return Json{{"id", id},
              {"entity", entity},
              {"command", command},
              {"actor", kActor},
              {"payload", Json::parse(payload)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string CommandText(const std::string& id, const std::string& entity, const Report& report,
                        uint64_t lease_term) {
  Json payload = Json::parse(report.payload);
  payload["leaseTerm"] = lease_term;
  return CommandText(id, entity, report.command, payload.dump());
}

}  // namespace sluice::local
