#include <chrono>
#include <future>
#include <utility>

#include "engine/journal/tests/journal_conformance.h"

namespace sluice {

std::function<void()> WakeupSignal::Callback() {
  return [this] {
    {
      const std::lock_guard lock(mutex_);
      raised_ = true;
    }
    changed_.notify_all();
  };
}

bool WakeupSignal::Wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, at_most, [this] { return raised_; });
  raised_ = false;
  return came;
}

Result<void> CommitNow(PartitionJournal& partition, CommitBatch batch) {
  std::promise<Result<void>> outcome;
  partition.Commit(std::move(batch),
                   [&outcome](Result<void> result) { outcome.set_value(std::move(result)); });
  return outcome.get_future().get();
}

std::vector<InputRecord> PollUntil(PartitionJournal& partition, Input input, size_t count,
                                   const PollLimits& limits) {
  WakeupSignal signal;
  partition.SetWakeup(signal.Callback());
  std::vector<InputRecord> records;
  while (records.size() < count) {
    const auto polled = partition.Poll(input, limits, &records);
    EXPECT_TRUE(polled) << ToString(polled.error());
    if (!polled || (*polled == 0 && !signal.Wait())) break;
  }
  partition.SetWakeup(nullptr);
  EXPECT_EQ(records.size(), count);
  return records;
}

void AwaitInputsWaiting(PartitionJournal& partition, uint64_t waiting) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  WakeupSignal signal;
  partition.SetWakeup(signal.Callback());
  std::vector<InputRecord> none;
  while (partition.InputsWaiting() != waiting && std::chrono::steady_clock::now() < deadline) {
    for (const Input input : {Input::kCommands, Input::kInternal}) {
      if (waiting > 0) continue;
      EXPECT_TRUE(partition.Poll(input, {}, &none));
    }
    // More behind what is there already wakes nobody.
    signal.Wait(std::chrono::milliseconds(20));
  }
  partition.SetWakeup(nullptr);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(partition.InputsWaiting(), waiting);
}

std::vector<std::string> ReadAll(const Journal& journal, uint32_t partition, uint64_t from) {
  std::vector<std::string> records;
  const auto read =
      journal.ReadEvents(partition, from, [&](uint64_t sequence, std::string_view record) {
        EXPECT_EQ(sequence, from + records.size());
        records.emplace_back(record);
        return true;
      });
  EXPECT_TRUE(read) << ToString(read.error());
  return records;
}

std::vector<DeadLetter> ReadDeadLetters(const Journal& journal, uint32_t partition, uint64_t from) {
  std::vector<DeadLetter> letters;
  const auto read = journal.ReadDeadLetters(partition, from, [&](const DeadLetter& letter) {
    letters.push_back(letter);
    return true;
  });
  EXPECT_TRUE(read) << ToString(read.error());
  return letters;
}

std::vector<std::string> Payloads(const std::vector<InputRecord>& records) {
  std::vector<std::string> payloads;
  for (const InputRecord& record : records) payloads.push_back(record.payload);
  return payloads;
}

InputRecord UserCommand(std::string payload) {
  InputRecord record;
  record.payload = std::move(payload);
  return record;
}

}  // namespace sluice
