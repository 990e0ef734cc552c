#include "tests/simulator/fleet.h"

#include <algorithm>

namespace sluice::simulator {
namespace {

constexpr Time kBeginning{1'790'000'000'000'000};

}  // namespace

class Fleet::Listener final : public ProcessorListener {
 public:
  explicit Listener(Answered answered) : answered_(std::move(answered)) {}
  void OnDecided(uint64_t ticket, std::shared_ptr<const LogRecord> record) override {
    answered_(ticket, *record);
  }
  void OnApplied(const AppliedBatch&) override {}
  void OnCommitted(size_t, Duration) override {}

 private:
  Answered answered_;
};

Fleet::Fleet(const KindRegistry& kinds, FleetOptions options, Findings& findings, Answered answered)
    : kinds_(kinds),
      options_(std::move(options)),
      findings_(findings),
      clock_(kBeginning),
      journal_(options_.partitions, clock_, options_.journal),
      listener_(std::make_unique<Listener>(std::move(answered))) {
  for (uint32_t node = 0; node < options_.nodes; ++node) {
    node_clocks_.push_back(std::make_unique<ManualClock>(kBeginning));
    for (uint32_t partition = 0; partition < options_.partitions; ++partition) {
      slots_.emplace_back().store = std::make_unique<FaultyStore>(kinds, partition);
    }
  }
}

Fleet::~Fleet() = default;

bool Fleet::HasRightfulOwner(uint32_t partition) const {
  for (uint32_t node = 0; node < options_.nodes; ++node) {
    if (OwnsRightly(node, partition)) return true;
  }
  return false;
}

void Fleet::Open(uint32_t node, uint32_t partition) {
  Slot& here = slot(node, partition);
  here.processor.reset();
  for (uint32_t other = 0; other < options_.nodes; ++other) slot(other, partition).doomed = true;
  here.store->Heal();
  auto term = journal_.OpenPartition(partition);
  if (!findings_.Expect(term.has_value(), "I10", "partition {} does not open", partition)) return;
  const auto caught_up = here.store->memory().CatchUp(journal_);
  if (!findings_.Expect(caught_up.has_value(), "I5",
                        "the store of partition {} does not recover: {}", partition,
                        caught_up ? "" : caught_up.error().message)) {
    return;
  }
  here.doomed = false;
  here.processor = std::make_unique<PartitionProcessor>(
      kinds_, *here.store, std::move(*term), *node_clocks_[node], *listener_, options_.processor);
  const auto started = here.processor->Start(journal_.epoch(), options_.partitions);
  findings_.Expect(started.has_value(), "I10", "partition {} does not start: {}", partition,
                   started ? "" : started.error().message);
}

void Fleet::Close(uint32_t node, uint32_t partition) {
  slot(node, partition).processor.reset();
  slot(node, partition).doomed = true;
}

bool Fleet::Step(uint32_t node, uint32_t partition) {
  Slot& here = slot(node, partition);
  if (!here.processor) return false;
  const Result<bool> worked = here.processor->Step();
  if (worked) return *worked;
  findings_.Expect(here.doomed || here.store->failed(), "I10", "partition {} stopped: {}",
                   partition, worked.error().message);
  if (worked.error().code == ErrorCode::kFenced) ++fenced_;
  Close(node, partition);
  return true;
}

void Fleet::FailCommit(uint32_t partition, bool durable_all_the_same) {
  for (uint32_t node = 0; node < options_.nodes; ++node) slot(node, partition).doomed = true;
  journal_.FailPending(partition, durable_all_the_same);
}

void Fleet::CrashNode(uint32_t node) {
  for (uint32_t partition = 0; partition < options_.partitions; ++partition) {
    Close(node, partition);
    LoseUnflushed(node, partition);
  }
}

void Fleet::CrashAll(size_t durable) {
  for (uint32_t node = 0; node < options_.nodes; ++node) CrashNode(node);
  journal_.Crash(durable);
}

void Fleet::LoseUnflushed(uint32_t node, uint32_t partition) {
  CHECK(!Owns(node, partition));
  store(node, partition).LoseUnflushed();
}

void Fleet::WipeStore(uint32_t node, uint32_t partition) {
  CHECK(!Owns(node, partition));
  store(node, partition).Wipe();
  store(node, partition).Flush();
}

void Fleet::Advance(Duration step) {
  clock_.Advance(step);
  for (auto& clock : node_clocks_) clock->Advance(step);
}

void Fleet::Jump(uint32_t node, Duration by) {
  (node == options_.nodes ? clock_ : *node_clocks_[node]).Advance(by);
}

Time Fleet::latest() const {
  Time latest = clock_.Now();
  for (const auto& clock : node_clocks_) latest = std::max(latest, clock->Now());
  return latest;
}

void Fleet::AlignClocks() {
  const Time all = latest();
  clock_.Set(all);
  for (auto& clock : node_clocks_) clock->Set(all);
}

}  // namespace sluice::simulator
