#include "tests/simulator/store_checks.h"

#include <algorithm>

namespace sluice::simulator {

void StoreChecks::Check(testing::MemoryStore& store, const LogObserver& log) {
  const PartitionState& applied = store.applied();
  const ObservedPartition& observed = log.observed();
  const uint64_t position = applied.next_sequence;
  if (!findings_.Expect(position <= observed.next_sequence, "I1",
                        "a store of {} is at {}, its log at {}", observed.partition, position,
                        observed.next_sequence)) {
    return;
  }
  if (position > 0) {
    findings_.Expect(applied.chain == observed.chain[position - 1], "I1",
                     "a store of {} does not chain to its log at {}", observed.partition, position);
  }
  if (position < checked_) {
    CheckAll(store, log);
    return;
  }
  for (uint64_t sequence = checked_; sequence < position && !findings_.any(); ++sequence) {
    const std::string& entity = observed.entity_at[sequence];
    if (!entity.empty()) CompareEntity(store, *log.Find(entity), position);
  }
  if (checked_ != position && position == observed.next_sequence) CompareAtTheEnd(store, observed);
  checked_ = position;
}

void StoreChecks::CheckAll(testing::MemoryStore& store, const LogObserver& log) {
  const uint64_t position = store.applied().next_sequence;
  for (const auto& [key, entity] : log.observed().entities) CompareEntity(store, entity, position);
  for (const auto& [key, hash] : store.Hashes()) {
    findings_.Expect(log.Find(key) != nullptr, "I1", "a store has {}, which its log has not", key);
  }
  if (position == log.observed().next_sequence) CompareAtTheEnd(store, log.observed());
  checked_ = position;
}

void StoreChecks::CompareEntity(const testing::MemoryStore& store, const ObservedEntity& entity,
                                uint64_t position) {
  const auto after = std::find_if(entity.moments.rbegin(), entity.moments.rend(),
                                  [&](const auto& moment) { return moment.sequence < position; });
  if (after == entity.moments.rend()) return;
  const EntityState* live = store.Find(entity.key.ToString());
  if (!findings_.Expect(live != nullptr, "I5", "a store at {} lacks {}", position,
                        entity.key.ToString())) {
    return;
  }
  findings_.Expect(live->Hash() == after->hash && live->version == after->version, "I5",
                   "{} differs in a store at {}", entity.key.ToString(), position);
}

void StoreChecks::CompareAtTheEnd(testing::MemoryStore& store, const ObservedPartition& observed) {
  const PartitionState& applied = store.applied();
  findings_.Expect(applied.term == observed.term && applied.decision_time == observed.time &&
                       applied.next_commands == observed.next_offset[0] &&
                       applied.next_internal == observed.next_offset[1] &&
                       applied.next_timer == observed.next_offset[2] &&
                       applied.next_parked == observed.next_offset[3] &&
                       applied.settings == observed.settings,
                   "I5", "the partition state of {} differs", observed.partition);
  size_t set_aside = 0;
  for (const auto& [key, entity] : observed.entities) set_aside += entity.SetAside() ? 1 : 0;
  const auto scanned = store.ScanMarked([&](std::string_view key, const EntityMarks& marks) {
    const auto found = observed.entities.find(key);
    bool same = found != observed.entities.end() &&
                found->second.quarantined == !marks.quarantined.empty() &&
                found->second.parked.size() == marks.parked.size();
    for (size_t i = 0; same && i < marks.parked.size(); ++i) {
      same = marks.parked[i] == found->second.parked[i].first;
    }
    findings_.Expect(same, "I11", "what is parked for {} differs", key);
    --set_aside;
  });
  findings_.Expect(scanned.has_value() && set_aside == 0, "I11",
                   "a store of {} does not know who is set aside", observed.partition);
}

}  // namespace sluice::simulator
