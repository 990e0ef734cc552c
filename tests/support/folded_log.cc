#include "tests/support/folded_log.h"

#include <filesystem>

#include "engine/clock.h"
#include "engine/journal/embedded_journal.h"
#include "events/codec.h"
#include "events/entity_key.h"
#include "projections/partition_store.h"

namespace sluice::testing {
namespace {

LoadedEntity& EntityOf(FoldedLog& log, const std::string& key) {
  LoadedEntity& entity = log.entities[key];
  if (entity.kind == nullptr) {
    const auto parsed = ParseEntityKey(key);
    entity.kind = parsed ? BuiltinKinds().Find(parsed->kind) : nullptr;
    CHECK(entity.kind != nullptr);
    entity.state = entity.kind->make();
  }
  return entity;
}

void AddCommand(FoldedLog& log, const LogRecord& record) {
  const Decision& decision = *record.decision;
  if (!decision.command || decision.command->derived_id || decision.command->id.empty()) return;
  if (decision.command->source && !decision.command->forwarded) return;
  log.commands[decision.command->id].push_back(
      {.position = fmt::format("{}:{}", record.partition, record.sequence),
       .verdict = decision.verdict,
       .version = decision.version,
       .entity = decision.command->entity,
       .rejection = decision.rejection ? decision.rejection->code : RejectionCode::kUnspecified});
}

Result<void> FoldOne(FoldedLog& log, PartitionState& state, std::string_view bytes) {
  const auto record = Unpack<LogRecord>(bytes);
  if (!record) return tl::unexpected<Error>(record.error());
  if (auto folded = FoldPartition(state, *record, bytes); !folded) return folded;
  if (record->opened) ++log.terms;
  if (!record->decision) return {};
  ++log.decisions;
  AddCommand(log, *record);
  const std::string key(FoldedEntity(*record->decision));
  if (key.empty()) return {};
  LoadedEntity& entity = EntityOf(log, key);
  const uint64_t before = entity.state->version;
  if (auto folded = FoldEntity(entity, *record->decision, record->sequence); !folded) {
    return folded;
  }
  const uint64_t after = entity.state->version;
  if (after != before && after != before + 1) {
    return Err(ErrorCode::kCorruption, "I4: {} goes from version {} to {} at {}:{}", key, before,
               after, record->partition, record->sequence);
  }
  if (record->decision->verdict == Verdict::kAccepted && after != record->decision->version) {
    return Err(ErrorCode::kCorruption, "I4: {} is at version {}, {}:{} says {}", key, after,
               record->partition, record->sequence, record->decision->version);
  }
  return {};
}

}  // namespace

FoldedLog FoldLog(const std::string& data_dir, std::vector<std::string>* faults) {
  static const SystemClock clock;
  FoldedLog log;
  EmbeddedOptions options;
  // On Kafka the node's copy of the events topic, in the same format.
  options.path = data_dir + "/archive";
  if (!std::filesystem::exists(options.path)) options.path = data_dir + "/journal";
  options.clock = &clock;
  options.on_fatal = [](const Error& error) {
    CheckFailed(error.message.c_str(), __FILE__, __LINE__);
  };
  auto journal = EmbeddedJournal::Open(options);
  if (!journal) {
    faults->push_back("the journal does not open: " + journal.error().message);
    return log;
  }
  for (uint32_t partition = 0; partition < (*journal)->partition_count(); ++partition) {
    PartitionState state;
    state.partition = partition;
    Result<void> folded;
    const auto read =
        (*journal)->ReadEvents(partition, 0, [&](uint64_t sequence, std::string_view bytes) {
          folded = FoldOne(log, state, bytes);
          if (!folded) {
            faults->push_back(
                fmt::format("{}:{}: {}", partition, sequence, folded.error().message));
          }
          return folded.has_value();
        });
    if (!read) faults->push_back(fmt::format("{}: {}", partition, read.error().message));
    log.ends.push_back(state.next_sequence);
  }
  return log;
}

void CompareProjections(const std::string& data_dir, const FoldedLog& log, bool caught_up,
                        std::vector<std::string>* faults) {
  std::vector<std::unique_ptr<PartitionStore>> stores;
  for (uint32_t partition = 0; partition < log.ends.size(); ++partition) {
    StoreOptions options;
    options.path = fmt::format("{}/projections/{}", data_dir, partition);
    options.partition = partition;
    options.kinds = &BuiltinKinds();
    options.on_rebuild = [&](const std::string& why) {
      faults->push_back(fmt::format("the store of {} was not usable: {}", partition, why));
    };
    auto store = PartitionStore::Open(options);
    if (!store) return faults->push_back("open a store: " + store.error().message);
    const uint64_t applied = (*store)->NextSequence();
    if (applied > log.ends[partition]) {
      faults->push_back(fmt::format("I1: the store of {} is at {}, the log ends at {}", partition,
                                    applied, log.ends[partition]));
    }
    if (caught_up && applied != log.ends[partition]) {
      faults->push_back(
          fmt::format("the store of {} is at {} of {}", partition, applied, log.ends[partition]));
    }
    stores.push_back(std::move(*store));
  }
  if (!caught_up) return;
  for (const auto& [key, folded] : log.entities) {
    // Its partition is where it is found; a default-made entity has version 0.
    bool found = false;
    for (const auto& store : stores) {
      auto loaded = store->Load(*ParseEntityKey(key));
      if (!loaded) return faults->push_back(key + ": " + loaded.error().message);
      found = found || (loaded->state->version == folded.state->version &&
                        loaded->state->Hash() == folded.state->Hash() &&
                        loaded->sequence == folded.sequence && loaded->marks == folded.marks);
    }
    if (!found) faults->push_back("I5: the store has another " + key + " than the log");
  }
}

}  // namespace sluice::testing
