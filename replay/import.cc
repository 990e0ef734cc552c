#include "replay/import.h"

#include <compare>
#include <map>

#include "engine/open_import.h"
#include "events/codec.h"
#include "events/epoch.h"
#include "projections/fold.h"

namespace sluice::replay {
namespace {

// Follows the records on their way: checks them, and knows what is undecided.
class Importing {
 public:
  Importing(uint32_t partitions, LogImport& target) : target_(target) {
    for (uint32_t partition = 0; partition < partitions; ++partition) {
      states_.emplace_back().partition = partition;
    }
  }

  Result<void> Add(ExportedRecord exported) {
    const auto& [partition, sequence] = exported.position;
    const std::string where = FormatPosition(partition, sequence);
    auto record = Unpack<LogRecord>(exported.bytes);
    if (!record) return Err(record.error().code, "{}: {}", where, record.error().message);
    if (auto folded = FoldPartition(states_[partition], *record, exported.bytes); !folded) {
      return Err(folded.error().code, "{}: {}", where, folded.error().message);
    }
    if (record->decision) Track(*record->decision, where);
    return target_.Add(*record, std::move(exported.bytes));
  }

  // Follow-ups that no decision in the log is on become inputs again. How many they are.
  Result<uint64_t> Close() {
    if (!decided_early_.empty()) {
      return Err(ErrorCode::kCorruption,
                 "{} decides a follow-up that the export does not have: its partitions do not fit "
                 "together",
                 decided_early_.begin()->second);
    }
    ImportEnd end;
    for (const auto& [key, command] : undecided_) {
      end.undecided.push_back({.source_partition = key.source,
                               .record = {.target_partition = key.target, .payload = Pack(command)},
                               .entity = command.entity});
    }
    for (const PartitionState& state : states_) {
      LogRecord closing;
      closing.partition = state.partition;
      closing.term = state.term;
      closing.sequence = state.next_sequence;
      closing.previous = state.chain;
      closing.decision.emplace();
      closing.decision->time = state.decision_time;
      closing.decision->events = {{.payload = AnyTable::Of(EpochOpened{
                                       .epoch = target_.epoch(), .previous_epoch = state.epoch})}};
      end.closing.push_back(std::move(closing));
    }
    if (auto closed = target_.Close(end); !closed) return tl::unexpected(closed.error());
    return end.undecided.size();
  }

 private:
  // Of one pair of partitions in the order they were sent.
  struct Key {
    uint32_t source = 0;
    uint32_t target = 0;
    uint64_t sequence = 0;
    uint64_t number = 0;
    auto operator<=>(const Key&) const = default;
  };

  void Track(const Decision& decision, const std::string& where) {
    for (const FollowUp& sent : decision.effects.follow_ups) {
      if (!sent.command || !sent.command->source) continue;
      const FollowUpSource& source = *sent.command->source;
      const Key key{source.partition, sent.target_partition, source.sequence, sent.number};
      if (decided_early_.erase(key) == 0) undecided_.emplace(key, *sent.command);
    }
    if (decision.origin && decision.origin->input == Input::kInternal && decision.command &&
        decision.command->source) {
      const FollowUpSource& source = *decision.command->source;
      const Key key{source.partition, decision.origin->partition, source.sequence, source.number};
      // Partitions come one after the other: the sender's may still be to come.
      if (undecided_.erase(key) == 0) decided_early_.emplace(key, where);
    }
  }

  LogImport& target_;
  std::vector<PartitionState> states_;
  std::map<Key, Command> undecided_;
  std::map<Key, std::string> decided_early_;  // where
};

}  // namespace

Result<Imported> ImportInto(LogImport& target, ExportReader& reader,
                            const std::function<void(uint64_t records)>& on_progress) {
  Importing importing(reader.header().partitions, target);
  Imported imported{.partitions = reader.header().partitions,
                    .records = 0,
                    .undecided = 0,
                    .epoch = ToHex(target.epoch())};
  while (true) {
    auto record = reader.Next();
    if (!record) return tl::unexpected(record.error());
    if (!*record) break;
    if (auto added = importing.Add(std::move(**record)); !added) {
      return tl::unexpected(added.error());
    }
    if (++imported.records % 4096 == 0 && on_progress) on_progress(imported.records);
  }
  auto undecided = importing.Close();
  if (!undecided) return tl::unexpected(undecided.error());
  imported.undecided = *undecided;
  if (auto finished = target.Finish(); !finished) return tl::unexpected(finished.error());
  return imported;
}

Result<Imported> Import(ExportReader& reader, const ImportOptions& options) {
  const ExportHeader& header = reader.header();
  if (!header.complete) {
    return Err(ErrorCode::kInvalid,
               "the export is a part of a log ({}); only a whole one can be imported. 'sluice "
               "--data FILE' asks it questions",
               header.filter);
  }
  JournalChoice choice;
  choice.data_dir = options.data_dir;
  choice.clock = options.clock;
  choice.kafka = options.kafka;
  auto target = OpenImport(choice, {.partitions = header.partitions,
                                    .epoch = header.epoch,
                                    .coverage = FormatCoverage(header.coverage)});
  if (!target) return tl::unexpected(target.error());
  return ImportInto(**target, reader, options.on_progress);
}

Result<uint64_t> CheckExport(ExportReader& reader) {
  std::vector<PartitionState> states(reader.header().partitions);
  for (uint32_t partition = 0; partition < states.size(); ++partition) {
    states[partition].partition = partition;
  }
  uint64_t records = 0;
  while (true) {
    auto exported = reader.Next();
    if (!exported) return tl::unexpected(exported.error());
    if (!*exported) return records;
    const auto& [partition, sequence] = (*exported)->position;
    auto record = Unpack<LogRecord>((*exported)->bytes);
    Result<void> good;
    if (!record) {
      good = tl::unexpected(record.error());
    } else {
      good = FoldPartition(states[partition], *record, (*exported)->bytes);
    }
    if (!good) {
      return Err(good.error().code, "{}: {}", FormatPosition(partition, sequence),
                 good.error().message);
    }
    ++records;
  }
}

Result<std::unique_ptr<MemoryArchive>> LoadExport(
    ExportReader& reader, const KindRegistry& kinds, bool keep_going,
    const std::function<void(const Error&)>& on_damage) {
  const ExportHeader& header = reader.header();
  auto archive = std::make_unique<MemoryArchive>(kinds, header.partitions, header.complete);
  Extent extent{.whole = header.complete, .filter = header.filter, .redacted = header.redacted};
  while (true) {
    auto record = reader.Next();
    Result<void> added;
    if (record && !*record) {
      if (extent.damaged && extent.whole) extent.missing = archive->GapsBefore(header.coverage);
      archive->Describe(std::move(extent));
      return archive;
    }
    if (record) {
      const DecisionPosition position = (*record)->position;
      added = archive->Add(position.partition, std::move((*record)->bytes));
      if (!added) {
        added = Err(added.error().code, "{}: {}",
                    FormatPosition(position.partition, position.sequence), added.error().message);
      }
    } else {
      Error error = record.error();
      // What its end says is known to be missing can be named.
      if (reader.ended() && extent.whole) {
        const std::string missing = MissingText(archive->GapsBefore(header.coverage));
        if (!missing.empty()) error.message += ": " + missing;
      }
      added = tl::unexpected(std::move(error));
    }
    if (added) continue;
    if (!keep_going) return tl::unexpected(added.error());
    extent.damaged = true;
    on_damage(added.error());
  }
}

}  // namespace sluice::replay
