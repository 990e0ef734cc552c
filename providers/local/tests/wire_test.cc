// What the provider says and reads is what the schemas say.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "events/instance.gen.h"
#include "events/json.h"
#include "events/location.gen.h"
#include "events/network.gen.h"
#include "providers/local/node_objects.h"
#include "providers/local/reports.h"

namespace sluice::local {
namespace {

using Json = nlohmann::json;

ProcessStatus Status(ProcessState state) {
  ProcessStatus status;
  status.id = {"default", "web"};
  status.uid = "u-1";
  status.generation = 3;
  status.state = state;
  status.run = 2;
  status.pid = 4711;
  status.last_exit = ExitStatus{std::nullopt, 9, {}};
  status.restarts = 2;
  status.ready = false;
  status.ready_message = "HTTP 503";
  status.address = "127.64.0.3";
  return status;
}

template <class Table>
Table Read(const Report& report) {
  const Json command = Json::parse(CommandText("id", "instance/default/web", report, 7));
  const auto table = FromJson<Table>(command.at("payload").dump());
  EXPECT_TRUE(table) << ToString(table.error());
  return table.value_or(Table{});
}

TEST(Wire, ReportsAreWhatTheInstanceTakes) {
  const std::vector<Report> running = ReportsFor(Status(ProcessState::kRunning));
  ASSERT_EQ(running.size(), 3U);
  const auto programmed = Read<InstanceReportProgrammed>(running[0]);
  EXPECT_EQ(programmed.status, ConditionStatus::kTrue);
  EXPECT_EQ(programmed.uid, "u-1");
  EXPECT_EQ(programmed.generation, 3);
  EXPECT_EQ(programmed.lease_term, 7U);
  const auto ran = Read<InstanceReportRunning>(running[1]);
  EXPECT_EQ(ran.pid, 4711);
  ASSERT_EQ(ran.network_interfaces.size(), 1U);
  EXPECT_EQ(ran.network_interfaces[0].address, "127.64.0.3");
  EXPECT_EQ(Read<InstanceReportReadiness>(running[2]).message, "HTTP 503");

  const auto lost = Read<InstanceReportRunning>(ReportsFor(Status(ProcessState::kBackingOff))[1]);
  EXPECT_EQ(lost.status, ConditionStatus::kFalse);
  EXPECT_EQ(lost.signal, 9);
  EXPECT_EQ(lost.restarts, 2U);
  const auto stopped = Read<InstanceReportStopped>(ReportsFor(Status(ProcessState::kStopped))[0]);
  EXPECT_EQ(stopped.signal, 9);
  const auto failed = Read<InstanceReportFailed>(ReportsFor(Status(ProcessState::kFailed))[1]);
  EXPECT_EQ(failed.reason, "CrashLoop");
  const auto gone = Read<InstanceReportDeleted>(ReportsFor(Status(ProcessState::kRemoved))[0]);
  EXPECT_EQ(gone.status, ConditionStatus::kTrue);

  ProcessStatus fresh = Status(ProcessState::kRunning);
  fresh.ready.reset();
  fresh.awaits_probe = true;
  EXPECT_EQ(Read<InstanceReportReadiness>(ReportsFor(fresh)[1]).status, ConditionStatus::kUnknown);
}

TEST(Wire, ReportsAreWhatTheNetworkPlaneTakes) {
  const Report report = PlainReport("ReportProgrammed", true, "Programmed", "loopback", "u-1", 1);
  EXPECT_EQ(Read<NetworkReportProgrammed>(report).status, ConditionStatus::kTrue);
}

TEST(Wire, AnInstanceIsReadAsItIsShown) {
  InstanceSpec spec;
  spec.location.name = "here";
  spec.network_interfaces.emplace_back().network.name = "default";
  ProcessRuntime process;
  process.command = {"./hello_server", "--revision", "v1"};
  process.env = {{.name = "GREETING", .value = "hi", .value_from = {}},
                 {.name = "TOKEN", .value = {}, .value_from = EnvSource{.file = "/t", .env = {}}},
                 {.name = "HOST", .value = {}, .value_from = EnvSource{.file = {}, .env = "HOME"}}};
  ReadinessProbe readiness;
  readiness.http = HttpProbe{.path = "/healthz", .port = 8080};
  readiness.period = Duration::Millis(200);
  readiness.failure_threshold = 4;
  process.readiness = readiness;
  process.restart_policy = RestartPolicy{.max_restarts = 7};
  process.termination_grace = Duration::Seconds(5);
  spec.runtime.process = process;
  InstanceStatus status;
  status.network_interfaces.emplace_back().assignments.network_ip = "127.64.0.3";
  const Json object{{"metadata", {{"namespace", "default"}, {"uid", "u-1"}, {"generation", 3}}},
                    {"spec", Json::parse(ToJson(spec))},
                    {"status", Json::parse(ToJson(status))}};

  const Result<ProcessSpec> read = ParseInstance(object.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->uid, "u-1");
  EXPECT_EQ(read->generation, 3U);
  EXPECT_EQ(read->location, "default/here");
  EXPECT_EQ(read->command, process.command);
  ASSERT_EQ(read->env.size(), 3U);
  EXPECT_EQ(read->env[0].value, "hi");
  EXPECT_EQ(read->env[1].source, EnvVar::Source::kFile);
  EXPECT_EQ(read->env[2].source, EnvVar::Source::kEnv);
  EXPECT_EQ(read->address, "127.64.0.3");
  ASSERT_TRUE(read->readiness);
  EXPECT_EQ(read->readiness->kind, ReadinessSpec::Kind::kHttp);
  EXPECT_EQ(read->readiness->path, "/healthz");
  EXPECT_EQ(read->readiness->period, Micros(200'000));
  EXPECT_EQ(read->readiness->failure_threshold, 4U);
  EXPECT_EQ(read->restarts_max, 7U);
  EXPECT_EQ(read->termination_grace, Micros(5'000'000));
}

TEST(Wire, ALocationIsReadAsItIsShown) {
  LocationSpec spec;
  spec.provider = "local";
  LocationStatus status;
  status.lease.holder = "somebody";
  status.lease.term = 5;
  const Json object{{"metadata", {{"namespace", "default"}, {"name", "here"}}},
                    {"spec", Json::parse(ToJson(spec))},
                    {"status", Json::parse(ToJson(status))}};
  const Result<LocationObject> read = ParseLocation(object.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "default/here");
  EXPECT_EQ(read->provider, "local");
  EXPECT_EQ(read->holder, "somebody");
  EXPECT_EQ(read->term, 5U);
}

TEST(Wire, AnActionIsReadAsItIsShown) {
  PendingAction action;
  action.verb = "StartInstance";
  action.target = "instance/default/web";
  action.uid = "u-1";
  action.generation = 3;
  action.attempt = 2;
  Json object = Json::parse(ToJson(action));
  object["entity"] = "instance/default/web";
  const Result<Action> read = ParseAction(object.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->entity(), "instance/default/web");
  EXPECT_EQ(read->verb, "StartInstance");
  EXPECT_EQ(read->generation, 3U);
  EXPECT_EQ(read->attempt, 2U);
}

TEST(Wire, TheLeaseCommandIsWhatTheLocationTakes) {
  const Json payload{{"provider", "local"}, {"holder", "here-1"}};
  EXPECT_TRUE(FromJson<AcquireLease>(payload.dump()));
}

}  // namespace
}  // namespace sluice::local
