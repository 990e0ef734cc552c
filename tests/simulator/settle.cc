// The end of a simulation: faults stop, everything comes to rest, and nothing may be missing.
#include "engine/routing.h"
#include "events/codec.h"
#include "machines/instance/instance.h"
#include "machines/location/location.h"
#include "machines/network/network/network.h"
#include "tests/simulator/simulation.h"

namespace sluice::simulator {
namespace {

constexpr uint64_t kRoundsToRest = 20'000;
constexpr uint64_t kReleaseRounds = 500;
constexpr uint64_t kProvideRounds = 200;
constexpr const char* kLastRevision = "last";

// On a location and a network that nobody has spoilt.
void PutOnNetwork(InstanceSpec& spec) {
  spec.location.name = kLastRevision;
  spec.network_interfaces.push_back({.network = {.name = kLastRevision}, .network_policy = {}});
}

BindingSpec MakeGoodSpec(const std::string& binding_key) {
  BindingSpec spec;
  spec.binding_key = binding_key;
  spec.desired_revision = kLastRevision;
  spec.template_.preset_id = "web";
  spec.template_.spec.runtime.process = ProcessRuntime{.command = {"last"}};
  return spec;
}

}  // namespace

void Simulation::Settle() {
  trace_.Add("faults stop");
  fleet_.AlignClocks();
  for (uint32_t partition = 0; partition < fleet_.partitions(); ++partition) {
    for (uint32_t node = 0; node < fleet_.nodes(); ++node) {
      if (fleet_.Owns(node, partition) && !fleet_.OwnsRightly(node, partition)) {
        fleet_.Close(node, partition);
      }
    }
    if (!fleet_.HasRightfulOwner(partition)) fleet_.Open(AnyNode(), partition);
  }
  CheckAtRest();
  ReleaseAll();
  Mend();
  for (const Duration wait :
       {Duration::Minutes(2), Duration::Hours(1), Duration::Hours(1), Duration::Hours(25)}) {
    if (findings_.any()) return;
    ProvideAll();
    trace_.Add("time passes: " + FormatDuration(wait));
    fleet_.Advance(wait);
    CheckAtRest();
  }
  ReleaseAll();
  ProvideAll();
  if (!findings_.any()) planes_.CheckLiveness(kLastRevision);
  if (!findings_.any() && random_.Chance(500)) TakeDown();
  for (const LogObserver& observer : observers_) {
    for (const auto& [key, entity] : observer.observed().entities) {
      findings_.Expect(!entity.SetAside(), "I11", "{} is still set aside after its release", key);
    }
  }
  CheckReplay();
}

void Simulation::RunToRest() {
  for (uint64_t round = 0; !findings_.any(); ++round) {
    bool busy = false;
    for (uint32_t partition = 0; partition < fleet_.partitions(); ++partition) {
      // A store may have been told to fail before the faults stopped.
      if (!fleet_.HasRightfulOwner(partition)) fleet_.Open(AnyNode(), partition);
      for (uint32_t node = 0; node < fleet_.nodes(); ++node) {
        busy = fleet_.Step(node, partition) || busy;
      }
    }
    busy = fleet_.journal().CompleteOne() || busy;
    CheckAll();
    if (!busy) return;
    findings_.Expect(round < kRoundsToRest, "I3", "it does not come to rest");
  }
}

void Simulation::ReleaseAll() {
  for (uint64_t round = 0; round < kReleaseRounds && !findings_.any(); ++round) {
    bool any = false;
    for (const LogObserver& observer : observers_) {
      for (const auto& [key, entity] : observer.observed().entities) {
        if (!entity.quarantined) continue;
        any = true;
        InputRecord input;
        input.payload = Pack(MakeCommand(key, Release{.skip = round > 0}));
        const auto taken = fleet_.journal().Append(observer.observed().partition, std::move(input));
        findings_.Expect(taken.has_value(), "I10", "the journal takes no command");
      }
    }
    if (!any) return;
    trace_.Add("release all that are set aside");
    CheckAtRest();
  }
}

void Simulation::SendAtTheEnd(Command command) {
  UserRecord record;
  record.partition = PartitionOfKey(command.entity, fleet_.partitions());
  record.payload = Pack(command);
  record.about = fmt::format("{} to {}", command.payload.type_name(), command.entity);
  record.command = std::move(command);
  Send(std::move(record));
}

void Simulation::Mend() {
  const bool networked = random_.Chance(500);
  SendAtTheEnd(MakeCommand(fmt::format("location/default/{}", kLastRevision),
                           LocationApply{.spec = {.provider = "local"}}));
  SendAtTheEnd(MakeCommand(fmt::format("network/default/{}", kLastRevision), NetworkApply{}));
  for (const std::string& key : view_.Keys("instance")) {
    for (const SchedulingGate& gate : view_.As<Instance>(key)->spec->controller.scheduling_gates) {
      if (gate.name != kNetworkGate) SendAtTheEnd(MakeCommand(key, ClearGate{.name = gate.name}));
    }
  }
  for (const std::string& key : view_.Keys("binding")) {
    BindingApply apply;
    apply.spec = MakeGoodSpec(view_.As<Binding>(key)->spec.binding_key);
    if (networked) PutOnNetwork(apply.spec.template_.spec);
    SendAtTheEnd(MakeCommand(key, apply));
  }
  CheckAtRest();
}

void Simulation::TakeDown() {
  for (const char* kind : {"binding", "instance", "networkbinding", "network"}) {
    for (const std::string& key : view_.Keys(kind)) {
      SendAtTheEnd(MakeCommand(key, Delete{.cascade = true}));
    }
    CheckAtRest();
    ProvideAll();
  }
  for (const Duration wait : {Duration::Hours(1), Duration::Hours(25)}) {
    if (findings_.any()) return;
    fleet_.Advance(wait);
    CheckAtRest();
    ProvideAll();
  }
  if (!findings_.any()) planes_.CheckNothingLeft();
}

void Simulation::ProvideAll() {
  for (uint64_t round = 0; round < kProvideRounds && !findings_.any(); ++round) {
    const std::vector<Command> reports = provider_.ActOnAll();
    if (reports.empty()) return;
    trace_.Add(fmt::format("providers report {} things", reports.size()));
    for (const Command& report : reports) {
      InputRecord input;
      input.payload = Pack(report);
      const auto taken = fleet_.journal().Append(PartitionOfKey(report.entity, fleet_.partitions()),
                                                 std::move(input));
      findings_.Expect(taken.has_value(), "I10", "the journal takes no command");
    }
    CheckAtRest();
  }
  findings_.Expect(false, "instance", "providers are never done");
}

void Simulation::CheckAtRest() {
  RunToRest();
  if (findings_.any()) return;
  findings_.Expect(ledger_.undecided() == 0, "I8", "{} follow-ups are never decided",
                   ledger_.undecided());
  size_t awaited = 0;
  bool set_aside = false;
  for (const LogObserver& observer : observers_) {
    const ObservedPartition& observed = observer.observed();
    findings_.Expect(fleet_.journal().undecided_commands(observed.partition) == 0, "I3",
                     "commands on {} are never decided", observed.partition);
    for (const auto& [due, entity, id] : observed.timers) {
      findings_.Expect(due > fleet_.latest() || observer.Find(entity)->SetAside(), "I3",
                       "timer {} of {} is due and not decided", id, entity);
    }
    for (const auto& [key, entity] : observed.entities) {
      set_aside = set_aside || entity.SetAside();
      findings_.Expect(entity.parked.empty() || entity.quarantined, "I11",
                       "what is parked for {} is never decided", key);
    }
    uint64_t letters = 0;
    const auto read = fleet_.journal().ReadDeadLetters(observed.partition, 0, [&](const auto&) {
      ++letters;
      return true;
    });
    findings_.Expect(read.has_value() && letters == observed.dead_letters, "I10",
                     "{} dead letters on {}, {} decisions say so", letters, observed.partition,
                     observed.dead_letters);
    awaited += observer.AwaitedReplies();
  }
  findings_.Expect(awaited == 0 || set_aside, "I8", "{} deferred replies never come", awaited);
}

void Simulation::CheckReplay() {
  for (uint32_t partition = 0; partition < fleet_.partitions() && !findings_.any(); ++partition) {
    testing::MemoryStore replayed(SimulatedKinds(), partition);
    const auto folded = replayed.CatchUp(fleet_.journal());
    findings_.Expect(folded.has_value(), "I5", "partition {} does not replay: {}", partition,
                     folded ? "" : folded.error().message);
    StoreChecks(findings_).CheckAll(replayed, observers_[partition]);
    for (uint32_t node = 0; node < fleet_.nodes(); ++node) {
      testing::MemoryStore& live = fleet_.store(node, partition);
      if (fleet_.Owns(node, partition)) {
        findings_.Expect(live.applied() == replayed.applied() && live.Hashes() == replayed.Hashes(),
                         "I5", "live state of {} is not its replay", partition);
      }
      StoreChecks(findings_).CheckAll(live, observers_[partition]);
    }
  }
}

}  // namespace sluice::simulator
