// TestLog: a partition's log in memory, written by deciding commands, for tests of what is derived
// from it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "machines/common/step.h"
#include "machines/common/testing/world.h"
#include "projections/recovery.h"
#include "projections/state_store.h"

namespace sluice::testing {

class TestLog {
 public:
  explicit TestLog(const KindRegistry& kinds, uint32_t partition = 0);

  // Decides and appends; returns the sequence.
  template <class C>
  uint64_t Send(const std::string& entity, C command, std::string id = "") {
    return Decide(entity, AnyTable::Of(std::move(command)), std::move(id));
  }
  // A new term: an `Opened` record.
  void Open();
  void Advance(Duration duration) { now_ = now_ + duration; }

  // What was appended since the last call.
  AppliedBatch TakeBatch();

  const std::vector<Bytes>& records() const { return records_; }
  uint64_t end() const { return records_.size(); }
  Time now() const { return now_; }
  const PartitionState& state() const { return state_; }
  // Of all records; the log must outlive it. `limit` cuts the log off there.
  ReadEvents Reader(uint64_t limit = UINT64_MAX) const;

 private:
  uint64_t Decide(const std::string& entity, AnyTable payload, std::string id);
  void Append(LogRecord record, const std::string& entity);

  struct Slot {
    LoadedEntity entity;
    MapItems items;
    Items::Changes staged;
  };
  Slot& SlotOf(const std::string& entity);

  const KindRegistry& kinds_;
  PartitionState state_;
  Time now_{1'790'000'000'000'000};
  std::map<std::string, Slot> slots_;
  std::vector<Bytes> records_;
  AppliedBatch batch_;
  std::vector<std::string> touched_;
};

}  // namespace sluice::testing
