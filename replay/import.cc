#include "replay/import.h"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "engine/journal/embedded_journal.h"
#include "events/codec.h"
#include "projections/fold.h"

namespace sluice::replay {
namespace {

constexpr size_t kBatchRecords = 2'000;
constexpr size_t kBatchBytes = size_t{4} << 20;

// Commits batches one after the other.
class Appender {
 public:
  explicit Appender(PartitionJournal& journal) : journal_(journal) {}

  Result<void> Add(Bytes record) {
    bytes_ += record.size();
    batch_.records.push_back(std::move(record));
    if (batch_.records.size() < kBatchRecords && bytes_ < kBatchBytes) return {};
    return Flush();
  }
  void Send(FollowUpRecord record) { batch_.follow_ups.push_back(std::move(record)); }

  Result<void> Flush() {
    if (batch_.records.empty() && batch_.follow_ups.empty()) return {};
    batch_.first_sequence = journal_.EndSequence();
    std::mutex mutex;
    std::condition_variable settled;
    std::optional<Result<void>> outcome;
    journal_.Commit(std::exchange(batch_, {}), [&](Result<void> done) {
      const std::lock_guard lock(mutex);
      outcome = std::move(done);
      settled.notify_one();
    });
    bytes_ = 0;
    std::unique_lock lock(mutex);
    settled.wait(lock, [&] { return outcome.has_value(); });
    return *outcome;
  }

 private:
  PartitionJournal& journal_;
  CommitBatch batch_;
  size_t bytes_ = 0;
};

// The log being made.
class NewLog {
 public:
  NewLog(const ExportReader& reader, const ImportOptions& options)
      : header_(reader.header()), options_(options) {}

  Result<void> Open() {
    EmbeddedOptions embedded;
    embedded.path = options_.data_dir + "/journal";
    embedded.partitions = header_.partitions;
    embedded.clock = options_.clock;
    embedded.on_fatal = [](const Error&) {};
    auto journal = EmbeddedJournal::Open(embedded);
    if (!journal) return tl::unexpected(journal.error());
    journal_ = std::move(*journal);
    for (uint32_t partition = 0; partition < header_.partitions; ++partition) {
      auto opened = journal_->OpenPartition(partition);
      if (!opened) return tl::unexpected(opened.error());
      terms_.push_back(std::move(*opened));
      appenders_.push_back(std::make_unique<Appender>(*terms_.back()));
      states_.emplace_back().partition = partition;
    }
    return {};
  }

  Result<void> Add(ExportedRecord exported) {
    const auto& [partition, sequence] = exported.position;
    const std::string where = FormatPosition(partition, sequence);
    auto record = Unpack<LogRecord>(exported.bytes);
    if (!record) return Err(record.error().code, "{}: {}", where, record.error().message);
    if (auto folded = FoldPartition(states_[partition], *record, exported.bytes); !folded) {
      return Err(folded.error().code, "{}: {}", where, folded.error().message);
    }
    if (record->decision) Track(*record->decision);
    return appenders_[partition]->Add(std::move(exported.bytes));
  }

  // Follow-ups that no decision in the log is on become inputs again.
  Result<uint64_t> Finish() {
    for (const auto& [key, bytes] : undecided_) {
      appenders_[std::get<1>(key)]->Send({.target_partition = std::get<2>(key), .payload = bytes});
    }
    for (auto& appender : appenders_) {
      if (auto flushed = appender->Flush(); !flushed) return tl::unexpected(flushed.error());
    }
    return undecided_.size();
  }

  std::string epoch() const { return ToHex(journal_->epoch()); }

 private:
  using Key = std::tuple<Hash128, uint32_t, uint32_t, uint64_t>;  // epoch, source, target, number

  void Track(const Decision& decision) {
    for (const FollowUp& sent : decision.effects.follow_ups) {
      if (!sent.command || !sent.command->source) continue;
      const FollowUpSource& source = *sent.command->source;
      const Key key{source.epoch, source.partition, sent.target_partition, sent.number};
      if (decided_early_.erase(key) == 0) undecided_[key] = Pack(*sent.command);
    }
    if (decision.origin && decision.origin->input == Input::kInternal && decision.command &&
        decision.command->source) {
      const FollowUpSource& source = *decision.command->source;
      const Key key{source.epoch, source.partition, decision.origin->partition, source.number};
      // Partitions come one after the other: the sender's may still be to come.
      if (undecided_.erase(key) == 0) decided_early_.insert(key);
    }
  }

  const ExportHeader& header_;
  const ImportOptions& options_;
  std::unique_ptr<EmbeddedJournal> journal_;
  std::vector<std::unique_ptr<PartitionJournal>> terms_;
  std::vector<std::unique_ptr<Appender>> appenders_;
  std::vector<PartitionState> states_;
  std::map<Key, Bytes> undecided_;
  std::set<Key> decided_early_;
};

}  // namespace

Result<Imported> Import(ExportReader& reader, const ImportOptions& options) {
  namespace fs = std::filesystem;
  const ExportHeader& header = reader.header();
  if (!header.complete) {
    return Err(ErrorCode::kInvalid,
               "the export is a part of a log ({}); only a whole one can be imported. 'sluice "
               "--data FILE' asks it questions",
               header.filter);
  }
  std::error_code error;
  const fs::path journal = fs::path(options.data_dir) / "journal";
  if (fs::exists(journal, error)) {
    return Err(ErrorCode::kInvalid, "{} has a log already; give a directory without one",
               options.data_dir);
  }
  fs::create_directories(options.data_dir, error);
  if (error) return Err(ErrorCode::kIo, "{}: {}", options.data_dir, error.message());
  const auto import = [&]() -> Result<Imported> {
    NewLog log(reader, options);
    if (auto opened = log.Open(); !opened) return tl::unexpected(opened.error());
    Imported imported{.partitions = header.partitions, .records = 0, .undecided = 0, .epoch = ""};
    while (true) {
      auto record = reader.Next();
      if (!record) return tl::unexpected(record.error());
      if (!*record) break;
      if (auto added = log.Add(std::move(**record)); !added) return tl::unexpected(added.error());
      if (++imported.records % 4096 == 0 && options.on_progress) {
        options.on_progress(imported.records);
      }
    }
    auto undecided = log.Finish();
    if (!undecided) return tl::unexpected(undecided.error());
    imported.undecided = *undecided;
    imported.epoch = log.epoch();
    return imported;
  };
  auto imported = import();
  if (!imported) fs::remove_all(journal, error);
  return imported;
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
  auto archive =
      std::make_unique<MemoryArchive>(kinds, reader.header().partitions, reader.header().complete);
  while (true) {
    auto record = reader.Next();
    Result<void> added;
    if (record && !*record) return archive;
    if (record) {
      const DecisionPosition position = (*record)->position;
      added = archive->Add(position.partition, std::move((*record)->bytes));
      if (!added) {
        added = Err(added.error().code, "{}: {}",
                    FormatPosition(position.partition, position.sequence), added.error().message);
      }
    } else {
      added = tl::unexpected(record.error());
    }
    if (added) continue;
    if (!keep_going) return tl::unexpected(added.error());
    on_damage(added.error());
  }
}

}  // namespace sluice::replay
