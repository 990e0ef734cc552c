#include "machines/instance/tests/instance_world.h"

#include <gtest/gtest.h>

namespace sluice::testing {

InstanceWorld::InstanceWorld() : World(BuiltinKinds()) {}

void InstanceWorld::MustApply(const std::string& entity, const std::string& payload) {
  const Decision decision = SendJson(entity, "Apply", payload);
  ASSERT_EQ(decision.verdict, Verdict::kAccepted)
      << (decision.rejection ? decision.rejection->message : "");
  Settle();
}

void InstanceWorld::MakeSurroundings(const std::string& holder) {
  MustApply("location/default/here", R"({"spec":{"provider":"local"}})");
  MustApply("network/default/default", R"({"spec":{"ipam":{"mode":"Auto"}}})");
  SendAndSettle("location/default/here", AcquireLease{.provider = "local", .holder = holder});
}

const Condition& InstanceWorld::ConditionOf(const std::string& type,
                                            const std::string& name) const {
  static const Condition kNone;
  const Condition* condition = FindCondition(Get(name).status.conditions, type);
  return condition ? *condition : kNone;
}

std::string InstanceWorld::Verb(const std::string& name) const {
  const auto pending = Pending("instance/default/" + name);
  return pending.empty() ? "" : pending.front().verb;
}

void InstanceWorld::Provide(InstancePhase up_to) {
  bool progress = true;
  for (int round = 0; progress; ++round) {
    if (round == 100) {
      ADD_FAILURE() << "the provider is asked for ever";
      return;
    }
    progress = false;
    for (const std::string& entity : EntityKeys()) {
      for (const PendingAction& action : Pending(entity)) {
        progress = ProvideOne(entity, action, up_to) || progress;
      }
    }
  }
}

bool InstanceWorld::ProvideOne(const std::string& entity, const PendingAction& action,
                               InstancePhase up_to) {
  const uint64_t term = As<Location>("location/default/here").last_term;
  const auto report = [&](const char* command, const char* more) {
    const std::string payload =
        fmt::format(R"({{"status":"True","uid":"{}","generation":{},"leaseTerm":{}{}}})",
                    action.uid, action.generation, term, more);
    const Decision decision = SendJson(entity, command, payload);
    EXPECT_EQ(decision.verdict, Verdict::kAccepted)
        << entity << " " << command << " " << payload << " " << Json(entity);
    Settle();
    return true;
  };
  if (action.verb == "ProgramNetworkContext" || action.verb == "ProgramSubnet") {
    return report("ReportProgrammed", "");
  }
  if (action.verb == "DeleteInstance") return report("ReportDeleted", "");
  if (action.verb == "StopInstance") return report("ReportStopped", "");
  if (action.verb == "ProgramInstance" || action.verb == "ReprogramInstance") {
    return up_to >= InstancePhase::kProgrammed && report("ReportProgrammed", "");
  }
  if (up_to < InstancePhase::kRunning) return false;
  report("ReportRunning", fmt::format(R"(,"pid":{})", 4711 + decisions().size()).c_str());
  if (up_to >= InstancePhase::kReady) report("ReportReadiness", "");
  return true;
}

std::string ProcessPayload(const std::string& more_spec) {
  return R"({"spec":{"location":{"name":"here"},"networkInterfaces":[{"network":{"name":"default"}}],)"
         R"("runtime":{"process":{"command":["./hello_server"],"readiness":{"tcp":{"port":8080}}}})" +
         more_spec + "}}";
}

}  // namespace sluice::testing
