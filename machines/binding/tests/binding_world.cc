#include "machines/binding/tests/binding_world.h"

#include <gtest/gtest.h>

#include "machines/binding/instances.h"

namespace sluice::testing {

using binding::KeyOf;
using binding::MatchesTarget;

BindingWorld::BindingWorld() : World(BuiltinKinds()) {
  on_decision = [this](const World&, const Decision& decision) { CheckDecision(decision); };
}

std::string ActiveOf(const Binding& binding) {
  return binding.own.active ? KeyOf(*binding.own.active).ToString() : "";
}

std::set<std::string> RefsOf(const Binding& binding) {
  std::set<std::string> refs;
  if (binding.own.active) refs.insert(ActiveOf(binding));
  if (binding.own.candidate) refs.insert(KeyOf(*binding.own.candidate).ToString());
  for (const BoundInstance& instance : binding.own.cleanup) {
    refs.insert(KeyOf(instance).ToString());
  }
  return refs;
}

Decision BindingWorld::ApplyRevision(const std::string& binding, const std::string& revision,
                                     const std::string& variant, const std::string& more_spec) {
  // What does not say what runs is accepted, and every candidate of it refused.
  const std::string spec = variant == "bad"
                               ? "{}"
                               : fmt::format(R"({{"runtime":{{"process":{{"command":["{}"],)"
                                             R"("readiness":{{"tcp":{{"port":80}}}}}}}}}})",
                                             variant);
  return SendJson(
      binding, "Apply",
      fmt::format(
          R"({{"spec":{{"bindingKey":"k","desiredRevision":"{}",{}"template":{{"presetId":"web",)"
          R"("spec":{}}}}}}})",
          revision, more_spec, spec));
}

void BindingWorld::MakeStranger(const std::string& instance) {
  if (Exists(instance)) return;
  const Decision made =
      SendJson(instance, "Apply", R"({"spec":{"runtime":{"process":{"command":["stranger"]}}}})");
  ASSERT_EQ(made.verdict, Verdict::kAccepted) << made.rejection->message;
  strangers_.insert(instance);
}

std::vector<std::string> BindingWorld::Instances() const {
  std::vector<std::string> instances;
  for (const std::string& key : EntityKeys()) {
    if (key.starts_with("instance/") && Exists(key)) instances.push_back(key);
  }
  return instances;
}

void BindingWorld::Report(const std::string& instance, const char* command,
                          const std::string& fields) {
  const Metadata& metadata = As<Instance>(instance).metadata;
  const Decision decision = SendJson(instance, command,
                                     fmt::format(R"({{"uid":"{}","generation":{},{}}})",
                                                 metadata.uid, metadata.generation, fields));
  EXPECT_FALSE(decision.rejection.has_value()) << command << ": " << decision.rejection->message;
}

bool BindingWorld::Provide(const std::string& instance) {
  if (!Exists(instance)) return false;
  const auto pending = Pending(instance);
  if (pending.empty()) {
    if (As<Instance>(instance).status.phase != InstancePhase::kRunning) return false;
    ReportReadiness(instance, true);
    return true;
  }
  const std::string& verb = pending.front().verb;
  const std::string status = R"("status":"True")";
  if (verb == "DeleteInstance") {
    Report(instance, "ReportDeleted", status);
  } else if (verb == "StopInstance") {
    Report(instance, "ReportStopped", status);
  } else if (verb == "ProgramInstance" || verb == "ReprogramInstance") {
    Report(instance, "ReportProgrammed", status);
  } else {
    Report(instance, "ReportRunning", status + fmt::format(R"(,"pid":{})", decisions().size()));
  }
  return true;
}

void BindingWorld::ReportReadiness(const std::string& instance, bool ready) {
  Report(instance, "ReportReadiness", ready ? R"("status":"True")" : R"("status":"False")");
}

void BindingWorld::ReportFailed(const std::string& instance) {
  Report(instance, "ReportFailed", R"("status":"True","reason":"Crashed","exitCode":1)");
}

void BindingWorld::ProvideAll() {
  Settle();
  for (bool progress = true; progress;) {
    progress = false;
    for (const std::string& instance : Instances()) {
      progress = Provide(instance) || progress;
      Settle();
    }
  }
}

void BindingWorld::CheckDecision(const Decision& decision) {
  CheckStrangers();
  const std::string& key = decision.command->entity;
  if (!key.starts_with("binding/")) return;
  const Binding& binding = Get(key);
  CheckCutover(before_[key], decision);
  CheckNothingForgotten(key, binding);
  before_.insert_or_assign(key, binding);
}

// Cutover and promotion take what was ready, by its own word, and nothing else.
void BindingWorld::CheckCutover(const Binding& before, const Decision& decision) const {
  bool started = false;
  for (const Event& event : decision.events) {
    const auto* completed = event.payload.As<CutoverCompleted>();
    EXPECT_TRUE(!completed || started) << "a cutover was completed and not started";
    started = event.payload.As<CutoverStarted>() != nullptr;
    if (!completed && !event.payload.As<CandidatePromoted>()) continue;
    const Binding& now = Get(decision.command->entity);
    ASSERT_TRUE(now.own.active && before.own.candidate);
    EXPECT_EQ(KeyOf(*now.own.active), KeyOf(*before.own.candidate));
    EXPECT_TRUE(now.own.active->view.ready) << "cut over to what is not ready";
    EXPECT_TRUE(MatchesTarget(now, *now.own.active));
    if (!completed) continue;
    EXPECT_TRUE(RefsOf(now).contains("instance/" + completed->cleanup)) << "the old one is dropped";
  }
}

// Whatever says that the binding owns it is referred to, or its own word is still under way.
void BindingWorld::CheckNothingForgotten(const std::string& key, const Binding& binding) const {
  const Binding& before = before_.at(key);
  const std::set<std::string> refs = RefsOf(binding);
  for (const std::string& ref : RefsOf(before)) {
    if (refs.contains(ref)) continue;
    const Instance& instance = As<Instance>(ref);
    const OwnerReference* owner = OwnerOf(instance.metadata);
    const bool ours = instance.Exists() && owner && owner->uid == before.metadata.uid;
    EXPECT_FALSE(ours) << key << " forgot " << ref << " after "
                       << (decisions().empty() ? ""
                                               : decisions().back().command->payload.type_name());
  }
}

void BindingWorld::CheckStrangers() const {
  for (const std::string& stranger : strangers_) {
    const Instance& instance = As<Instance>(stranger);
    EXPECT_TRUE(instance.Exists() && !instance.IsDeleting()) << stranger << " was deleted";
    EXPECT_FALSE(instance.metadata->annotations.contains("sluice.dev/binding-instance-role"))
        << stranger << " was annotated";
    EXPECT_EQ(OwnerOf(instance.metadata), nullptr) << stranger << " was taken over";
  }
}

}  // namespace sluice::testing
