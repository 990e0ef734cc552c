#include "tests/simulator/simulation.h"

#include <algorithm>
#include <exception>

#include "engine/tests/widget.h"
#include "events/codec.h"

namespace sluice::simulator {
namespace {

constexpr uint64_t kEventsPerSeed = 2500;

}  // namespace

const KindRegistry& SimulatedKinds() {
  static const KindRegistry kinds = [] {
    KindRegistry all = BuiltinKinds();
    all.Add(WidgetKind());
    return all;
  }();
  return kinds;
}

FleetOptions Simulation::OptionsOf(Random& random) {
  FleetOptions options;
  options.nodes = static_cast<uint32_t>(random.Between(1, 3));
  options.partitions = static_cast<uint32_t>(random.Between(1, 4));
  options.journal.keeps_commands = random.Chance(500);
  options.journal.ended_terms_poll = random.Chance(500);
  const auto share = [&] { return random.Chance(500) ? random.Between(1, 4) : size_t{64}; };
  options.processor.commands_per_batch = share();
  options.processor.internal_per_batch = share();
  options.processor.timers_per_batch = share();
  options.processor.parked_per_batch = share();
  EntityCacheBounds& cache = options.processor.decider.cache;
  cache.entities_max = random.Chance(500) ? random.Between(0, 8) : 1000;
  cache.hot_entities_max = random.Chance(500) ? random.Between(0, 4) : 1000;
  return options;
}

Simulation::Simulation(uint64_t seed)
    : seed_(seed),
      random_(seed),
      fleet_(SimulatedKinds(), OptionsOf(random_), findings_,
             [this](uint64_t ticket, const LogRecord& record) { OnAnswered(ticket, record); }),
      ledger_(findings_),
      workload_(random_, fleet_.partitions(),
                [this](const std::string& entity) { return view_.VersionOf(entity); }),
      provider_(random_, fleet_, view_, findings_) {
  for (uint32_t partition = 0; partition < fleet_.partitions(); ++partition) {
    observers_.emplace_back(SimulatedKinds(), partition, fleet_.partitions(), ledger_, findings_,
                            planes_);
  }
  for (uint32_t i = 0; i < fleet_.nodes() * fleet_.partitions(); ++i) {
    store_checks_.emplace_back(findings_);
  }
  fleet_.journal().settle = [this](size_t pending) {
    return random_.Chance(500) ? pending : random_.Below(pending + 1);
  };
  const uint64_t whose = random_.Below(4);  // users of the core, of the planes, or of both
  if (whose != 0) AddPlaneUsers(workload_, random_, view_);
  if (whose != 1) AddCoreUsers(workload_, random_);
  ChooseWeights();
  if (whose != 0) {
    weights_[static_cast<size_t>(Event::kAct)] = 150;
    weights_[static_cast<size_t>(Event::kReport)] = 150;
  }
}

Simulation::~Simulation() = default;

std::string Simulation::Run() {
  try {
    trace_.Add(fmt::format("{} nodes, {} partitions", fleet_.nodes(), fleet_.partitions()));
    for (uint32_t partition = 0; partition < fleet_.partitions(); ++partition) {
      fleet_.Open(AnyNode(), partition);
    }
    for (uint64_t i = 0; i < kEventsPerSeed && !findings_.any(); ++i) OneEvent();
    if (!findings_.any()) Settle();
  } catch (const std::exception& thrown) {
    findings_.Expect(false, "I11", "an exception got out: {}", thrown.what());
  }
  return findings_.first();
}

void Simulation::SendReport() {
  if (auto report = provider_.NextReport()) Send(workload_.Wrap(std::move(*report)));
}

void Simulation::Send(UserRecord record) {
  InputRecord input;
  input.payload = record.payload;
  input.is_json = record.is_json;
  input.ticket = next_ticket_++;
  trace_.Add(fmt::format("send #{} on {}: {}", input.ticket, record.partition, record.about));
  const uint32_t partition = record.partition;
  waiting_.emplace(input.ticket, std::move(record));
  const auto taken = fleet_.journal().Append(partition, std::move(input));
  findings_.Expect(taken.has_value(), "I10", "the journal takes no command");
}

void Simulation::OnAnswered(uint64_t ticket, const LogRecord& record) {
  ++answers_;
  const auto waiting = waiting_.find(ticket);
  if (!findings_.Expect(waiting != waiting_.end(), "I12", "ticket {} is answered twice", ticket)) {
    return;
  }
  const UserRecord& sent = waiting->second;
  bool durable = false;
  const auto read = fleet_.journal().ReadEvents(record.partition, record.sequence,
                                                [&](uint64_t, std::string_view bytes) {
                                                  durable = bytes == Pack(record);
                                                  return false;
                                                });
  findings_.Expect(read.has_value() && durable, "I12",
                   "ticket {} is answered with {}:{}, which is not in the log", ticket,
                   record.partition, record.sequence);
  const Decision& decision = *record.decision;
  if (decision.verdict == Verdict::kDeadLettered) {
    findings_.Expect(!sent.command || sent.is_json, "I10", "ticket {} was readable", ticket);
  } else if (findings_.Expect(sent.command && decision.command, "I12",
                              "ticket {} was unreadable and has a decision", ticket)) {
    findings_.Expect(decision.command->entity == sent.command->entity &&
                         decision.command->payload == sent.command->payload &&
                         (sent.command->id.empty() || decision.command->id == sent.command->id),
                     "I12", "ticket {} is answered with another command's decision", ticket);
  }
  waiting_.erase(waiting);
}

void Simulation::CheckAll() {
  latest_ = std::max(latest_, fleet_.latest());
  for (LogObserver& observer : observers_) observer.Read(fleet_.journal());
  for (LogObserver& observer : observers_) observer.Judge(latest_);
  planes_.Check();
  for (uint32_t node = 0; node < fleet_.nodes(); ++node) {
    for (uint32_t partition = 0; partition < fleet_.partitions() && !findings_.any(); ++partition) {
      store_checks_[node * fleet_.partitions() + partition].Check(fleet_.store(node, partition),
                                                                  observers_[partition]);
    }
  }
}

void Simulation::Totals::Add(const Totals& other) {
  steps += other.steps;
  records += other.records;
  follow_ups += other.follow_ups;
  answers += other.answers;
  actions += other.actions;
  fenced += other.fenced;
  for (const auto& [what, count] : other.seen) seen[what] += count;
}

Simulation::Totals Simulation::totals() const {
  Totals totals{.steps = trace_.count(),
                .follow_ups = ledger_.sent(),
                .answers = answers_,
                .actions = provider_.actions(),
                .fenced = fleet_.fenced(),
                .seen = {}};
  for (const LogObserver& observer : observers_) {
    totals.records += observer.observed().next_sequence;
    for (const auto& [what, count] : observer.observed().seen) totals.seen[what] += count;
  }
  return totals;
}

}  // namespace sluice::simulator
