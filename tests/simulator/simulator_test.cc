// Runs seeds: the kept ones first (seeds.txt), then fresh ones.
//
//   SLUICE_SEED=N    that one alone, with its trace
//   SLUICE_SEEDS=N   so many fresh ones instead of 200
//   SLUICE_FIRST=N   beginning with this one
//   SLUICE_SEEN=1    prints how often each verdict and event came
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "source_directory.h"
#include "tests/simulator/simulation.h"

namespace sluice::simulator {
namespace {

const Simulation* running = nullptr;

// A CHECK aborts: say of which seed.
void OnAbort(int) {
  if (running) {
    std::cerr << running->trace().Text()
              << "aborted; run again with SLUICE_SEED=" << running->seed()
              << " build/release/tests/simulator/simulator_test\n";
  }
  std::_Exit(134);
}

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::stoull(text) : otherwise;
}

bool RunSeed(uint64_t seed, Simulation::Totals& totals) {
  Simulation simulation(seed);
  running = &simulation;
  const std::string found = simulation.Run();
  running = nullptr;
  totals.Add(simulation.totals());
  if (found.empty()) return true;
  ADD_FAILURE() << "seed " << seed << "\n"
                << simulation.trace().Text() << found << "\nrun again with SLUICE_SEED=" << seed
                << " build/release/tests/simulator/simulator_test\n"
                << "once mended, keep it in tests/simulator/seeds.txt";
  return false;
}

// What so many seeds have to have been through, or they show less than they seem to.
constexpr const char* kExpected[] = {
    "Duplicate",       "Ignored",           "Forwarded",           "DeadLettered",
    "Parked",          "VersionConflict",   "IdempotencyConflict", "Quarantined",
    "TooLarge",        "EntityQuarantined", "ParkedReleased",      "Rang",
    "EntityDeleted",   "CutoverCompleted",  "BindingDegraded",     "CandidateFailed",
    "InstanceAdopted", "BindingKeyRefused", "InstanceExpired",     "InstanceFailed",
    "InstanceRunLost", "LeaseTakenOver",    "InstanceLeaseSeen",   "NetworkAllocated",
    "SubnetReadied",   "PrefixUnassigned",  "AttachmentChanged",   "CascadeRequested",
    "SettingsAdopted", "ToldOfAnother",
};

std::vector<uint64_t> KeptSeeds() {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/simulator/seeds.txt");
  EXPECT_TRUE(file.is_open());
  std::vector<uint64_t> seeds;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') seeds.push_back(std::stoull(line));
  }
  return seeds;
}

void Print(uint64_t seeds, const Simulation::Totals& totals) {
  std::cout << seeds << " seeds: " << totals.steps << " steps, " << totals.records << " records, "
            << totals.follow_ups << " follow-ups, " << totals.answers << " answers, "
            << totals.actions << " actions, " << totals.fenced << " terms fenced\n";
}

TEST(Simulator, KeptSeeds) {
  std::signal(SIGABRT, OnAbort);
  if (std::getenv("SLUICE_SEED")) GTEST_SKIP() << "one seed is asked for";
  Simulation::Totals totals;
  const std::vector<uint64_t> seeds = KeptSeeds();
  for (uint64_t seed : seeds) {
    if (!RunSeed(seed, totals)) break;
  }
  Print(seeds.size(), totals);
}

TEST(Simulator, FreshSeeds) {
  std::signal(SIGABRT, OnAbort);
  Simulation::Totals totals;
  const bool one = std::getenv("SLUICE_SEED") != nullptr;
  const uint64_t first =
      one ? FromEnvironment("SLUICE_SEED", 0) : FromEnvironment("SLUICE_FIRST", 1);
  const uint64_t count = one ? 1 : FromEnvironment("SLUICE_SEEDS", 200);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    if (!RunSeed(seed, totals)) return;
  }
  Print(count, totals);
  if (std::getenv("SLUICE_SEEN")) {
    for (const auto& [what, times] : totals.seen) std::cout << what << ' ' << times << '\n';
  }
  if (count < 200) return;
  EXPECT_GT(totals.fenced, 0u);
  for (const char* what : kExpected) EXPECT_GT(totals.seen[what], 0u) << what << " never happened";
}

TEST(Simulator, ASeedIsOneRun) {
  for (uint64_t seed : {uint64_t{3}, uint64_t{4}}) {
    Simulation first(seed);
    Simulation second(seed);
    EXPECT_EQ(first.Run(), second.Run());
    EXPECT_EQ(first.trace().Text(), second.trace().Text());
    EXPECT_EQ(first.totals().records, second.totals().records);
  }
}

}  // namespace
}  // namespace sluice::simulator
