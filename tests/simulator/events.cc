// What may happen in a simulation, and how often.
#include "tests/simulator/simulation.h"

namespace sluice::simulator {
namespace {

Duration Some(Random& random, Duration most) {
  return Duration{static_cast<int64_t>(random.Below(static_cast<uint64_t>(most.us)))};
}

}  // namespace

void Simulation::ChooseWeights() {
  // Each fault is left out by half the seeds: too much of one hides what others would find.
  const auto fault = [&](uint32_t weight) { return random_.Chance(500) ? weight : 0; };
  weights_.assign(static_cast<size_t>(Event::kCount), 0);
  const auto set = [&](Event event, uint32_t weight) {
    weights_[static_cast<size_t>(event)] = weight;
  };
  set(Event::kSend, 200);
  set(Event::kStep, 400);
  set(Event::kComplete, 200);
  set(Event::kOpen, 60);
  set(Event::kAdvance, 60);
  set(Event::kFlush, 20);
  set(Event::kClose, fault(6));
  set(Event::kTakeOver, fleet_.nodes() > 1 ? fault(10) : 0);
  set(Event::kLeap, fault(4));
  set(Event::kJump, fault(6));
  set(Event::kLoseStore, fault(10));
  set(Event::kWipeStore, fault(5));
  set(Event::kFailStore, fault(5));
  set(Event::kFailCommit, fault(6));
  set(Event::kCrashNode, fault(5));
  set(Event::kCrashAll, fault(5));
  set(Event::kRepeatFollowUp, fault(10));
}

void Simulation::OneEvent() {
  Happen(static_cast<Event>(random_.Weighted(weights_)));
  CheckAll();
}

void Simulation::Happen(Event event) {
  const uint32_t node = AnyNode();
  const uint32_t partition = AnyPartition();
  const auto note = [&](std::string_view what) {
    trace_.Add(fmt::format("{}: node {} partition {}", what, node, partition));
  };
  switch (event) {
    case Event::kSend:
      return Send(workload_.Next());
    case Event::kStep:
      if (!fleet_.Owns(node, partition)) return;
      note("step");
      fleet_.Step(node, partition);
      return;
    case Event::kComplete:
      if (fleet_.journal().commits_pending() > 0) note("complete a commit");
      if (random_.Chance(500)) {
        fleet_.journal().CompleteOneOf(partition);
      } else {
        fleet_.journal().CompleteOne();
      }
      return;
    case Event::kOpen:
      return OpenSomewhere();
    case Event::kTakeOver:
      note("take over");
      fleet_.Open(node, partition);
      return;
    case Event::kClose:
      note("close");
      fleet_.Close(node, partition);
      return;
    case Event::kAdvance:
      return fleet_.Advance(Some(random_, Duration::Seconds(20)));
    case Event::kLeap:
      trace_.Add("time leaps");
      return fleet_.Advance(Some(random_, Duration::Hours(30)));
    case Event::kJump:
      note("a clock is set");
      return fleet_.Jump(static_cast<uint32_t>(random_.Below(fleet_.nodes() + 1)),
                         Some(random_, Duration::Hours(2)) - Duration::Hours(1));
    case Event::kFlush:
      note("flush");
      return fleet_.store(node, partition).Flush();
    case Event::kLoseStore:
      if (fleet_.Owns(node, partition)) return;
      note("lose what is not flushed");
      return fleet_.LoseUnflushed(node, partition);
    case Event::kWipeStore:
      if (fleet_.Owns(node, partition)) return;
      note("wipe the store");
      return fleet_.WipeStore(node, partition);
    case Event::kFailStore:
      note("the store will fail");
      return fleet_.FailStore(
          node, partition, random_.Chance(500) ? random_.Between(1, 20) : random_.Between(1, 300));
    case Event::kFailCommit:
      note("a commit's outcome is unknown");
      return fleet_.FailCommit(partition, random_.Chance(500));
    case Event::kCrashNode:
      note("crash of one node");
      return fleet_.CrashNode(node);
    case Event::kCrashAll:
      return CrashEverything();
    case Event::kRepeatFollowUp: {
      const size_t waiting = fleet_.journal().undecided_internal(partition);
      if (waiting == 0) return;
      note("repeat a follow-up");
      return fleet_.journal().RepeatInternal(partition, random_.Below(waiting));
    }
    case Event::kAct:
      if (const std::string done = provider_.Act(); !done.empty()) trace_.Add(done);
      return;
    case Event::kReport:
      return SendReport();
    case Event::kCount:
      break;
  }
  Unreachable();
}

void Simulation::OpenSomewhere() {
  for (uint32_t partition = 0; partition < fleet_.partitions(); ++partition) {
    if (fleet_.HasRightfulOwner(partition)) continue;
    const uint32_t node = AnyNode();
    trace_.Add(fmt::format("open: node {} partition {}", node, partition));
    fleet_.Open(node, partition);
    return;
  }
}

void Simulation::CrashEverything() {
  const size_t pending = fleet_.journal().commits_pending();
  // Which of the pending commits made it: a prefix over all, or one per partition.
  const size_t durable = random_.Below(pending + 1);
  trace_.Add(fmt::format("crash of all nodes, {} of {} commits durable", durable, pending));
  if (random_.Chance(500)) {
    for (size_t i = 0; i < durable; ++i) fleet_.journal().PersistOneOf(AnyPartition());
    fleet_.CrashAll(0);
  } else {
    fleet_.CrashAll(durable);
  }
}

}  // namespace sluice::simulator
