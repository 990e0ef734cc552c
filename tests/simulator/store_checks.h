// StoreChecks: a live store shows nothing but what the durable log holds, as it holds it (I1, I5).
//
// Cheap: after a step only entities decided since the last look are compared; all of them when the
// store went back (a crash, a wipe).
#pragma once

#include <cstdint>

#include "engine/testing/memory_store.h"
#include "tests/simulator/findings.h"
#include "tests/simulator/log_observer.h"

namespace sluice::simulator {

class StoreChecks {
 public:
  explicit StoreChecks(Findings& findings) : findings_(findings) {}

  void Check(testing::MemoryStore& store, const LogObserver& log);
  // Every entity, whatever was looked at before.
  void CheckAll(testing::MemoryStore& store, const LogObserver& log);

 private:
  void CompareEntity(const testing::MemoryStore& store, const ObservedEntity& entity,
                     uint64_t position);
  void CompareAtTheEnd(testing::MemoryStore& store, const ObservedPartition& observed);

  Findings& findings_;
  uint64_t checked_ = 0;
};

}  // namespace sluice::simulator
