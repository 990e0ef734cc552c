// PartitionWalk: verify's way through one partition, and what it finds there.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "replay/ledgers.h"
#include "replay/partition_fold.h"
#include "replay/verify.h"

namespace sluice::replay {

// What differs between the projections and the fold.
struct StoreDifference {
  std::string entity;
  uint64_t sequence = 0;  // of the decision that changed the entity last
  std::string message;
  std::vector<FieldDiff> fields;  // stored, folded
};

class WaypointCheck;

// Walked by one thread, then read by another.
class PartitionWalk {
 public:
  // Up to `end`, counting records into `done`; from the log's beginning, or from what `base`, a
  // store of an earlier position, has on. All of them outlive it.
  PartitionWalk(const Archive& archive, const VerifyOptions& options, uint32_t partition,
                uint64_t end, std::atomic<uint64_t>& done, std::shared_ptr<PartitionStore> base);

  // An error is one of reading, or that it was interrupted.
  Result<void> Walk();
  // Notes that the log parts from its fold at `sequence`, and looks into why. The first counts.
  void Diverge(std::string check, uint64_t sequence, std::string message);

  ~PartitionWalk();

  PartitionVerified& result() { return result_; }
  const FollowUpLedger& follow_ups() const { return follow_ups_; }
  const std::vector<WhatIfGroup>& what_if() const { return groups_; }

 private:
  // What the walk is compared with.
  Result<void> Begin();
  // False: enough.
  bool Take(std::string_view bytes);
  // The state it leaves, where it comes out as recorded; null: it does not, or changes none.
  std::shared_ptr<EntityState> DecideAgain();
  void CompareProjections();
  void CompareWaypoint();
  void Differ(StoreDifference difference);
  // The entity of the record at `sequence` folded from the log, without that record.
  LoadedEntity FoldBefore(std::string_view entity, uint64_t sequence) const;
  void Explain(Divergence& divergence) const;

  const Archive& archive_;
  const VerifyOptions& options_;
  const uint64_t end_;
  const std::shared_ptr<PartitionStore> base_;
  std::atomic<uint64_t>& done_;
  PartitionFold fold_;
  CommandLedger commands_;
  FollowUpLedger follow_ups_;
  std::shared_ptr<const StoreView> view_;
  std::optional<uint64_t> view_at_;
  std::unique_ptr<WaypointCheck> waypoints_;  // null: there is none
  PartitionVerified result_;
  std::vector<WhatIfGroup> groups_;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> group_of_;
};

// What the projections hold of an entity against what the log makes of it, its marks included:
// stored value, folded one. Empty: they are the same.
std::vector<FieldDiff> DiffRecord(const EntityRecord& stored, const LoadedEntity& folded);

// What the projections hold against what the fold came to: what differs first, or nothing.
Result<std::optional<StoreDifference>> CompareWithStore(const StoreView& view,
                                                        const PartitionFold& fold,
                                                        const KindRegistry& kinds);
// The same of a fold that did not begin at the log's beginning: of the entities it went through.
Result<std::optional<StoreDifference>> CompareTouched(const StoreView& view,
                                                      const PartitionFold& fold);

}  // namespace sluice::replay
