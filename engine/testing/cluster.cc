#include "engine/testing/cluster.h"

#include "engine/routing.h"
#include "events/codec.h"

namespace sluice::testing {

Cluster::Cluster(const KindRegistry& kinds, uint32_t partitions, ProcessorOptions options,
                 SimJournalOptions journal)
    : kinds_(kinds),
      options_(std::move(options)),
      clock_(Time{1'790'000'000'000'000}),
      journal_(partitions, clock_, journal),
      processors_(partitions) {
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    stores_.push_back(std::make_unique<MemoryStore>(kinds, partition));
  }
}

Cluster::~Cluster() = default;

uint32_t Cluster::PartitionOf(std::string_view entity) const {
  return PartitionOfKey(entity, journal_.partition_count());
}

Result<void> Cluster::Open(uint32_t partition) {
  auto term = journal_.OpenPartition(partition);
  if (!term) return tl::unexpected<Error>(std::move(term.error()));
  if (auto caught_up = stores_[partition]->CatchUp(journal_); !caught_up) return caught_up;
  auto processor =
      std::make_unique<PartitionProcessor>(kinds_, *stores_[partition], std::move(*term), clock_,
                                           static_cast<ProcessorListener&>(*this), options_);
  if (auto started = processor->Start(journal_.epoch(), journal_.partition_count()); !started) {
    return started;
  }
  processors_[partition] = std::move(processor);
  return {};
}

Result<void> Cluster::OpenAll() {
  for (uint32_t partition = 0; partition < partition_count(); ++partition) {
    if (IsOpen(partition)) continue;
    if (auto opened = Open(partition); !opened) return opened;
  }
  return {};
}

Result<bool> Cluster::StepOne(uint32_t partition) {
  if (!processors_[partition]) return false;
  Result<bool> worked = processors_[partition]->Step();
  if (!worked) processors_[partition].reset();
  return worked;
}

Result<void> Cluster::Run() {
  for (bool busy = true; busy;) {
    busy = false;
    for (uint32_t partition = 0; partition < partition_count(); ++partition) {
      const Result<bool> worked = StepOne(partition);
      if (!worked) return tl::unexpected<Error>(worked.error());
      busy = busy || *worked;
    }
    busy = journal_.CompleteOne() || busy;
  }
  return {};
}

void Cluster::Crash(size_t durable_commits) {
  for (auto& processor : processors_) processor.reset();
  journal_.Crash(durable_commits);
  for (auto& store : stores_) store->LoseUnflushed();
}

uint64_t Cluster::Send(Command command) {
  const uint32_t partition = PartitionOf(command.entity);
  return SendBytes(partition, Pack(command), false);
}

uint64_t Cluster::SendBytes(uint32_t partition, Bytes bytes, bool is_json) {
  InputRecord record;
  record.payload = std::move(bytes);
  record.is_json = is_json;
  record.ticket = next_ticket_++;
  const uint64_t ticket = record.ticket;
  const Result<void> taken = journal_.Append(partition, std::move(record));
  CHECK(taken.has_value());
  return ticket;
}

const EntityState& Cluster::State(std::string_view entity) {
  const Result<LoadedEntity> loaded = stores_[PartitionOf(entity)]->Load(KeyOrDie(entity));
  CHECK(loaded.has_value());
  return *stores_[PartitionOf(entity)]->Find(entity);
}

std::vector<LogRecord> Cluster::Log(uint32_t partition) const {
  std::vector<LogRecord> records;
  const Result<void> read =
      journal_.ReadEvents(partition, 0, [&](uint64_t, std::string_view bytes) {
        Result<LogRecord> record = Unpack<LogRecord>(bytes);
        CHECK(record.has_value());
        records.push_back(std::move(*record));
        return true;
      });
  CHECK(read.has_value());
  return records;
}

std::string Cluster::CompareWithReplay(uint32_t partition) {
  MemoryStore replayed(kinds_, partition);
  if (auto folded = replayed.CatchUp(journal_); !folded) return folded.error().message;
  if (replayed.applied().next_sequence != stores_[partition]->applied().next_sequence) {
    return "";  // the live store is behind: nothing to compare yet
  }
  if (!(replayed.applied() == stores_[partition]->applied())) return "partition states differ";
  const auto live = stores_[partition]->Hashes();
  const auto again = replayed.Hashes();
  for (const auto& [key, hash] : again) {
    const auto found = live.find(key);
    if (found == live.end()) return key + " is missing live";
    if (found->second != hash) return key + " differs from its replay";
  }
  return live.size() == again.size() ? "" : "live has entities that the log has not";
}

}  // namespace sluice::testing
