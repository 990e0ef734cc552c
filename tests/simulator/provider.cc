#include "tests/simulator/provider.h"

#include <algorithm>

#include "machines/instance/instance.h"
#include "machines/location/location.h"

namespace sluice::simulator {
namespace {

constexpr size_t kReportsMax = 100;

}  // namespace

std::string SimulatedProvider::Act() {
  if (random_.Chance(100)) {
    AskForLease();
    return "a provider asks for a lease";
  }
  if (random_.Chance(150)) return Trouble();
  const auto node = static_cast<uint32_t>(random_.Below(fleet_.nodes()));
  const auto partition = static_cast<uint32_t>(random_.Below(fleet_.partitions()));
  const testing::MemoryStore& store = fleet_.store(node, partition);
  std::vector<PendingAction> pending;
  for (const std::string& key : store.EntityKeys()) {
    const KindInfo* kind = BuiltinKinds().Find(KeyOrDie(key).kind);
    if (!kind || !kind->pending) continue;
    for (PendingAction& action : kind->pending(*store.Find(key))) {
      pending.push_back(std::move(action));
    }
  }
  if (pending.empty()) return "";
  const PendingAction& action = random_.Pick(pending);
  CheckPending(action, node, partition);
  CarryOut(action);
  return fmt::format("a provider does {} of {} as node {} shows it", action.verb, action.target,
                     node);
}

void SimulatedProvider::CheckPending(const PendingAction& action, uint32_t node,
                                     uint32_t partition) {
  // At the end of the log the log itself has to hold it pending; a store behind it did then (I1).
  const auto end = fleet_.journal().EndSequence(partition);
  if (!end || fleet_.store(node, partition).applied().next_sequence != *end) return;
  const EntityState* state = view_.Find(action.target);
  if (!findings_.Expect(state != nullptr, "I7", "{} is unknown to the log", action.target)) return;
  const auto durable = BuiltinKinds().Find(KeyOrDie(action.target).kind)->pending(*state);
  findings_.Expect(std::find(durable.begin(), durable.end(), action) != durable.end(), "I7",
                   "{} of {} is not pending in the log", action.verb, action.target);
}

uint64_t SimulatedProvider::LeaseTerm(const std::string& location) {
  if (location.empty()) return 0;
  const auto* state = view_.As<Location>("location/" + location);
  if (!state || (!healthy_ && random_.Chance(100))) return 0;
  const uint64_t term = state->last_term;
  return !healthy_ && term > 1 && random_.Chance(100) ? term - 1 : term;
}

template <class Report>
Report SimulatedProvider::Say(const PendingAction& action, ConditionStatus status,
                              std::string reason) {
  Report report;
  report.status = status;
  report.reason = std::move(reason);
  report.uid = action.uid;
  report.generation = action.generation;
  if (!healthy_ && random_.Chance(50)) report.generation -= 1;
  report.lease_term = LeaseTerm(action.location);
  return report;
}

void SimulatedProvider::CarryOut(const PendingAction& action) {
  ++actions_;
  if (action.target.starts_with("instance/")) return CarryOutOnInstance(action);
  const bool works = healthy_ || random_.Chance(850);
  Queue(action.target, AnyTable::Of(Say<NetworkReportProgrammed>(
                           action, works ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                           works ? "Programmed" : "ProgrammingFailed")));
}

void SimulatedProvider::CarryOutOnInstance(const PendingAction& action) {
  using enum ConditionStatus;
  int32_t& pid = pids_[action.uid];
  const std::string& verb = action.verb;
  if (verb == "DeleteInstance") {
    pid = 0;
    Queue(action.target, AnyTable::Of(Say<InstanceReportDeleted>(action, kTrue, "Removed")));
    return;
  }
  if (verb == "StopInstance") {
    pid = 0;
    Queue(action.target, AnyTable::Of(Say<InstanceReportStopped>(action, kTrue, "Stopped")));
    return;
  }
  if (verb == "ProgramInstance" || verb == "ReprogramInstance") {
    const bool works = healthy_ || random_.Chance(900);
    Queue(action.target, AnyTable::Of(Say<InstanceReportProgrammed>(
                             action, works ? kTrue : kFalse, works ? "" : "ProgrammingFailed")));
    if (verb == "ProgramInstance" || !works) return;
  }
  // Start runs at most one; the others are another run.
  if (pid == 0 || verb != "StartInstance") pid = next_pid_++;
  auto running = Say<InstanceReportRunning>(action, kTrue, "");
  running.pid = pid;
  Queue(action.target, AnyTable::Of(std::move(running)));
  if (!healthy_ && random_.Chance(200)) return;  // it is not ready yet, or never
  Queue(action.target, AnyTable::Of(Say<InstanceReportReadiness>(action, kTrue, "")));
}

std::string SimulatedProvider::Trouble() {
  const std::vector<std::string> keys = view_.Keys("instance");
  if (keys.empty()) return "";
  const std::string& key = random_.Pick(keys);
  const auto* instance = view_.As<Instance>(key);
  const PendingAction about{
      .verb = "",
      .target = key,
      .location = instance->spec->location.name.empty()
                      ? ""
                      : instance->metadata->namespace_ + "/" + instance->spec->location.name,
      .uid = instance->metadata->uid,
      .generation = instance->metadata->generation};
  int32_t& pid = pids_[about.uid];
  switch (random_.Below(5)) {
    case 0:
      Queue(key, AnyTable::Of(
                     Say<InstanceReportReadiness>(about, ConditionStatus::kFalse, "ProbeFailed")));
      return key + " is not ready any more";
    case 1:
      pid = 0;
      Queue(key,
            AnyTable::Of(Say<InstanceReportRunning>(about, ConditionStatus::kFalse, "BackOff")));
      return key + " crashes";
    case 2:
      if (random_.Chance(700)) return "";
      pid = 0;
      Queue(key,
            AnyTable::Of(Say<InstanceReportFailed>(about, ConditionStatus::kTrue, "CrashLoop")));
      return key + " fails for good";
    case 3:
      if (random_.Chance(700)) return "";
      pid = 0;
      Queue(key, AnyTable::Of(Say<InstanceReportStopped>(about, ConditionStatus::kTrue, "Exited")));
      return key + " ends";
    case 4:
      Queue(key, AnyTable::Of(Say<InstanceReportReadiness>(about, ConditionStatus::kTrue, "")));
      return key + " is ready";
  }
  Unreachable();
}

void SimulatedProvider::AskForLease() {
  const std::string location = fmt::format("location/default/l{}", random_.Below(2));
  const std::string holder = fmt::format("host-{}", random_.Below(2));
  if (random_.Chance(150)) {
    Queue(location, AnyTable::Of(TakeOverLease{.provider = "local", .holder = holder}));
  } else if (random_.Chance(150)) {
    Queue(location, AnyTable::Of(ReleaseLease{.holder = holder, .term = random_.Below(3)}));
  } else {
    Queue(location, AnyTable::Of(sluice::AcquireLease{.provider = "local", .holder = holder}));
  }
}

void SimulatedProvider::Queue(const std::string& entity, AnyTable payload) {
  Command report;
  report.entity = entity;
  report.payload = std::move(payload);
  report.id = fmt::format("report-{}", next_report_++);
  report.actor = "provider";
  reports_.push_back(std::move(report));
  if (reports_.size() > kReportsMax) reports_.pop_front();
}

std::optional<Command> SimulatedProvider::NextReport() {
  if (reports_.empty()) return std::nullopt;
  if (random_.Chance(80)) {  // lost
    reports_.pop_front();
    return std::nullopt;
  }
  const size_t which = random_.Chance(700) ? 0 : random_.Below(reports_.size());
  Command report = reports_[which];
  if (random_.Chance(900)) reports_.erase(reports_.begin() + static_cast<std::ptrdiff_t>(which));
  return report;
}

std::vector<Command> SimulatedProvider::ActOnAll() {
  healthy_ = true;
  reports_.clear();
  for (const KindInfo* kind : BuiltinKinds().kinds()) {
    if (!kind->pending) continue;
    for (const std::string& key : view_.Keys(kind->name)) {
      for (const PendingAction& action : kind->pending(*view_.Find(key))) CarryOut(action);
      if (kind->name != "instance") continue;
      const auto* instance = view_.As<Instance>(key);
      if (instance->status.phase != InstancePhase::kRunning) continue;
      InstanceReportReadiness ready;
      ready.status = ConditionStatus::kTrue;
      ready.uid = instance->metadata->uid;
      Queue(key, AnyTable::Of(std::move(ready)));
    }
  }
  return {std::make_move_iterator(reports_.begin()), std::make_move_iterator(reports_.end())};
}

}  // namespace sluice::simulator
