// An instance among its network, location and provider. One rule at a time: testdata/.
#include <gtest/gtest.h>

#include "machines/instance/tests/instance_world.h"

namespace sluice {
namespace {

using testing::InstanceWorld;
using testing::ProcessPayload;

constexpr char kWeb[] = "instance/default/web";

TEST(Instance, GoesFromItsGatesToReadyAndGivesEverythingBack) {
  InstanceWorld world;
  world.MakeSurroundings();
  world.MustApply(kWeb, ProcessPayload());
  EXPECT_EQ(world.Phase(), InstancePhase::kGated);
  EXPECT_EQ(world.ConditionOf("Ready").message, "Scheduling gates present: Network");
  EXPECT_EQ(world.Verb(), "");

  world.Provide(InstancePhase::kGated);
  EXPECT_EQ(world.Phase(), InstancePhase::kProgramming) << world.Json(kWeb);
  EXPECT_EQ(world.Verb(), "ProgramInstance");
  EXPECT_EQ(world.ConditionOf("Ready").reason, "PendingProgramming");

  world.Provide(InstancePhase::kProgrammed);
  EXPECT_EQ(world.Phase(), InstancePhase::kProgrammed);
  EXPECT_EQ(world.Verb(), "StartInstance");

  world.Provide(InstancePhase::kRunning);
  EXPECT_EQ(world.Phase(), InstancePhase::kRunning);
  EXPECT_EQ(world.ConditionOf("Ready").reason, "ReadinessProbeFailed");

  world.SendJson(kWeb, "ReportReadiness", R"({"status":"True"})");
  EXPECT_EQ(world.Phase(), InstancePhase::kReady);
  EXPECT_EQ(world.ConditionOf("Ready").message, "Instance is ready");
  const auto& interfaces = world.Get().status.network_interfaces;
  ASSERT_EQ(interfaces.size(), 1u);
  EXPECT_NE(interfaces[0].assignments.network_ip, "");

  world.SendAndSettle(kWeb, Delete{});
  EXPECT_EQ(world.Verb(), "DeleteInstance");
  EXPECT_EQ(world.Phase(), InstancePhase::kDeleting);
  world.Provide();
  EXPECT_FALSE(world.Exists(kWeb)) << world.Json(kWeb);
  EXPECT_FALSE(world.Exists("networkbinding/default/web-net-0"));
  EXPECT_EQ(world.As<Entity<SubnetState>>("subnet/default/default-here-0").status.addresses, 0u);
}

TEST(Instance, TellsEveryFaultOfAManifest) {
  InstanceWorld world;
  const Decision refused = world.SendJson("instance/default/web", "Apply", R"({"spec":{
    "location":{"name":"No"}, "ttl":"0s", "idleTtl":"-1h", "startDeadline":"-1s", "backend":"magic",
    "controller":{"schedulingGates":[{"name":"A"},{"name":"A"},{"name":""}]},
    "networkInterfaces":[{"network":{"name":"Bad"}}],
    "volumes":[{"name":"data"},{"name":"data","secret":{"secretName":"s"}},
               {"name":"disk","disk":{"deviceName":"a"},"configMap":{"name":"c"}},
               {"name":"other","disk":{"deviceName":"a"}}],
    "runtime":{
      "process":{"command":[""],
                 "env":[{"name":"A","value":"x","valueFrom":{"env":"B","file":"/c"}},{"name":"A"},
                        {"name":"A=B"},{"value":"x"}],
                 "readiness":{"http":{"path":"healthz","port":0},"tcp":{"port":70000},"period":"0s",
                              "timeout":"-1s","failureThreshold":0},
                 "restartPolicy":{"maxRestarts":-1},"terminationGrace":"-1s"},
      "sandbox":{"containers":[{"name":"a"},{"name":"a","image":"i",
                 "ports":[{"name":"p","port":1},{"name":"p","port":65536}],
                 "volumeAttachments":[{"name":"data","mountPath":"/d"},
                                      {"name":"nope","mountPath":"/d"}]}]},
      "virtualMachine":{"volumeAttachments":[{"name":"disk"}]}}}})");
  ASSERT_EQ(refused.verdict, Verdict::kRejected);
  EXPECT_EQ(refused.rejection->code, RejectionCode::kInvalidArgument);
  for (const char* path : {
           "spec.location.name",
           "spec.ttl",
           "spec.idleTtl",
           "spec.startDeadline",
           "spec.backend",
           "spec.controller.schedulingGates[1].name",
           "spec.controller.schedulingGates[2].name",
           "spec.networkInterfaces[0].network.name",
           "spec.volumes[0]",
           "spec.volumes[1].name",
           "spec.volumes[2]",
           "spec.volumes[3].disk.deviceName",
           "spec.volumes[3]",
           "spec.runtime",
           "spec.runtime.process.command",
           "spec.runtime.process.env[0]",
           "spec.runtime.process.env[0].valueFrom",
           "spec.runtime.process.env[1].name",
           "spec.runtime.process.env[2].name",
           "spec.runtime.process.env[3].name",
           "spec.runtime.process.readiness",
           "spec.runtime.process.readiness.http.port",
           "spec.runtime.process.readiness.http.path",
           "spec.runtime.process.readiness.tcp.port",
           "spec.runtime.process.readiness.period",
           "spec.runtime.process.readiness.timeout",
           "spec.runtime.process.readiness.failureThreshold",
           "spec.runtime.process.restartPolicy.maxRestarts",
           "spec.runtime.process.terminationGrace",
           "spec.runtime.sandbox.containers[0].image",
           "spec.runtime.sandbox.containers[1].name",
           "spec.runtime.sandbox.containers[1].ports[1].port",
           "spec.runtime.sandbox.containers[1].ports[1].name",
           "spec.runtime.sandbox.containers[1].volumeAttachments[1].name",
           "spec.runtime.sandbox.containers[1].volumeAttachments[1].mountPath",
           "metadata.annotations[\"compute.datumapis.com/ssh-keys\"]",
           "spec.runtime.virtualMachine.volumeAttachments[0].name",
       }) {
    EXPECT_NE(refused.rejection->message.find(std::string(path) + ": "), std::string::npos)
        << path << " in " << refused.rejection->message;
  }
}

}  // namespace
}  // namespace sluice
