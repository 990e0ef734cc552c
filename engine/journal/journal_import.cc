#include "engine/journal/journal_import.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "events/codec.h"

namespace sluice {
namespace {

constexpr size_t kBatchRecords = 2'000;
constexpr size_t kBatchBytes = size_t{4} << 20;

}  // namespace

Result<std::unique_ptr<JournalImport>> JournalImport::Begin(Journal& journal,
                                                            std::function<void()> settle) {
  std::unique_ptr<JournalImport> import(new JournalImport(journal, std::move(settle)));
  for (uint32_t partition = 0; partition < journal.partition_count(); ++partition) {
    auto opened = journal.OpenPartition(partition);
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    import->partitions_.push_back({.term = std::move(*opened)});
  }
  return import;
}

Result<void> JournalImport::Add(const LogRecord& record, Bytes bytes) {
  Partition& partition = partitions_.at(record.partition);
  partition.bytes += bytes.size();
  partition.batch.records.push_back(std::move(bytes));
  if (partition.batch.records.size() < kBatchRecords && partition.bytes < kBatchBytes) return {};
  return Flush(partition);
}

Result<void> JournalImport::Close(const ImportEnd& end) {
  for (const UndecidedFollowUp& undecided : end.undecided) {
    partitions_.at(undecided.source_partition).batch.follow_ups.push_back(undecided.record);
  }
  for (const LogRecord& closing : end.closing) {
    partitions_.at(closing.partition).batch.records.push_back(Pack(closing));
  }
  for (Partition& partition : partitions_) {
    if (auto flushed = Flush(partition); !flushed) return flushed;
  }
  return {};
}

Result<void> JournalImport::Flush(Partition& partition) {
  CommitBatch batch = std::exchange(partition.batch, {});
  partition.bytes = 0;
  batch.first_sequence = partition.term->EndSequence();
  std::mutex mutex;
  std::condition_variable settled;
  std::optional<Result<void>> outcome;
  partition.term->Commit(std::move(batch), [&](Result<void> done) {
    const std::lock_guard lock(mutex);
    outcome = std::move(done);
    settled.notify_one();
  });
  if (settle_) settle_();
  std::unique_lock lock(mutex);
  settled.wait(lock, [&] { return outcome.has_value(); });
  return *outcome;
}

}  // namespace sluice
