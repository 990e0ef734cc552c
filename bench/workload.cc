#include "bench/workload.h"

#include <fmt/format.h>

#include "events/instance.gen.h"
#include "events/location.gen.h"
#include "events/make_command.h"

namespace sluice::bench {
namespace {

// Steps of a life's beginning: created, programmed, running, ready.
constexpr uint64_t kReadyStep = 3;

template <class C>
Command To(std::string entity, C payload, uint64_t number, uint64_t step) {
  Command command =
      MakeCommand(std::move(entity), std::move(payload), fmt::format("bench-{}-{}", number, step));
  command.actor = "bench";
  return command;
}

InstanceApply MakeApply(uint64_t number) {
  InstanceApply apply;
  apply.labels = {{"app", fmt::format("app-{}", number % 1000)}, {"tier", "web"}};
  apply.spec.location.name = LocationName(number % kLocations);
  ProcessRuntime process;
  process.command = {"/usr/bin/serve", "--port", "8080"};
  process.env.push_back({.name = "REVISION", .value = "v1"});
  process.readiness = ReadinessProbe{.http = HttpProbe{.path = "/healthz", .port = 8080}};
  apply.spec.runtime.process = std::move(process);
  return apply;
}

template <class Report>
Report Say(bool yes, const char* reason) {
  Report report;
  report.status = yes ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  report.reason = reason;
  report.generation = 1;
  report.pid = 4242;
  return report;
}

}  // namespace

std::string LocationName(uint64_t number) { return fmt::format("bench-{}", number); }

std::string InstanceKey(uint64_t number) {
  return fmt::format("instance/default/bench-{:07}", number);
}

Command MakeLocation(uint64_t number) {
  LocationApply apply;
  apply.spec.provider = "local";
  return To("location/default/" + LocationName(number), std::move(apply), number, 0);
}

Command MakeStep(uint64_t number, uint64_t step) {
  const std::string key = InstanceKey(number);
  if (step == 0) return To(key, MakeApply(number), number, step);
  if (step == 1) {
    return To(key, Say<InstanceReportProgrammed>(true, "Programmed"), number, step);
  }
  if (step == 2) return To(key, Say<InstanceReportRunning>(true, "Running"), number, step);
  if (step % 2 == 0) return To(key, Touch{}, number, step);
  const bool ready = (step - kReadyStep) % 4 == 0;
  return To(key, Say<InstanceReportReadiness>(ready, ready ? "ProbeSucceeded" : "ProbeFailed"),
            number, step);
}

}  // namespace sluice::bench
