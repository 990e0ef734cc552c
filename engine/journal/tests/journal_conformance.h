// What every journal must do, as a suite over a factory. A journal's test binary compiles
// journal_conformance*.cc and instantiates the suite with a harness of its own:
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, JournalConformance, testing::Values(NamedHarness{...}),
//                            HarnessName);
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/journal/journal.h"

namespace sluice {

// A journal under test and the storage it lives in.
class JournalHarness {
 public:
  virtual ~JournalHarness() = default;
  virtual Journal& journal() = 0;
  // Lets go of the journal and opens what it left behind. No partition is open meanwhile.
  virtual void Reopen() = 0;
  // Whether the journal itself says where inputs begin and what of them is left: an appended
  // command is there at once, numbered from where StartInputs says, and decided ones are gone at
  // once. On Kafka commands come by way of the broker, and offsets are its own.
  virtual bool holds_inputs() const { return true; }
};

struct NamedHarness {
  std::string name;
  std::function<std::unique_ptr<JournalHarness>(uint32_t partitions)> make;
};

inline std::string HarnessName(const testing::TestParamInfo<NamedHarness>& info) {
  return info.param.name;
}

// Wakes whoever waits for a partition; the wait fails the test only when nothing comes at all.
class WakeupSignal {
 public:
  std::function<void()> Callback();
  // Waits until Callback ran since the last wait. False: it did not for so long.
  bool Wait(std::chrono::milliseconds at_most = std::chrono::seconds(60));

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
};

// Commits and waits for the outcome.
Result<void> CommitNow(PartitionJournal& partition, CommitBatch batch);

// Polls until `count` records of an input have come; takes the partition's wakeup.
std::vector<InputRecord> PollUntil(PartitionJournal& partition, Input input, size_t count,
                                   const PollLimits& limits = {});

// Waits until the partition says that so many records wait; takes its wakeup. Where none is to be
// left, polls meanwhile: what the inputs say of their ends is heard by whoever polls.
void AwaitInputsWaiting(PartitionJournal& partition, uint64_t waiting);

std::vector<std::string> ReadAll(const Journal& journal, uint32_t partition, uint64_t from = 0);
std::vector<DeadLetter> ReadDeadLetters(const Journal& journal, uint32_t partition,
                                        uint64_t from = 0);
std::vector<std::string> Payloads(const std::vector<InputRecord>& records);

InputRecord UserCommand(std::string payload);

class JournalConformance : public testing::TestWithParam<NamedHarness> {
 protected:
  static constexpr uint32_t kPartitions = 3;

  void SetUp() override { harness_ = GetParam().make(kPartitions); }
  Journal& journal() { return harness_->journal(); }
  std::unique_ptr<PartitionJournal> Open(uint32_t partition);

  std::unique_ptr<JournalHarness> harness_;
};

}  // namespace sluice
