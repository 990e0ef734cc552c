// A node's snapshots of its projections: of the partitions it decides and of those it follows.
#include "engine/node.h"

namespace sluice {

void Node::OpenSnapshots(const std::shared_ptr<StoreMemory>& memory) {
  SnapshotsOptions options;
  options.directory = options_.data_dir + "/snapshots";
  options.kinds = options_.kinds;
  options.memory = memory;
  if (options_.kafka) options.cluster = options_.kafka->cluster;
  options.epoch = ToHex(journal_->epoch());
  options.build = options_.build;
  options.node = options_.node_name;
  options.now = [this] { return options_.clock->Now(); };
  options.read_events = [this](uint32_t partition, uint64_t from, const EventVisitor& visit) {
    return journal_->ReadEvents(partition, from, visit);
  };
  options.on_notice = options_.on_notice;
  std::vector<PartitionStore*> stores;
  for (const auto& store : stores_) stores.push_back(store.get());
  snapshots_ = std::make_unique<Snapshots>(std::move(options), std::move(stores));
  // A store that was lost begins with a snapshot: what is in it need not be folded again.
  for (const auto& store : stores_) {
    if (store->NextSequence() > 0) continue;
    const auto name = snapshots_->Seed(store->partition());
    if (!name || !options_.on_notice) continue;
    options_.on_notice(
        fmt::format("projections of partition {} begin with snapshot {}, which has {} decisions",
                    store->partition(), *name, store->NextSequence()));
  }
}

void Node::ScheduleSnapshots() {
  started_ = true;
  if (!options_.snapshots.IsSet()) return;
  const auto applied = [this] {
    Coverage coverage;
    for (const auto& store : stores_) coverage.push_back(store->NextSequence());
    return coverage;
  };
  schedule_ = std::make_unique<SnapshotSchedule>(
      *snapshots_, options_.snapshots, applied, [this] { return options_.clock->Now(); },
      options_.on_notice);
}

Result<SnapshotManifest> Node::RestoreSnapshot(const std::string& name) {
  if (started_) {
    return Err(ErrorCode::kInvalid,
               "a running node's projections are those of its log; stop it, then 'sluice --data "
               "DIR snapshot restore'");
  }
  return snapshots_->Restore(name);
}

}  // namespace sluice
