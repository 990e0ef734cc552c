// An import into empty topics. docs/kafka.md, "Moving in", says what is on them at every step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/journal/kafka/kafka_journal.h"
#include "engine/journal/log_import.h"

namespace sluice {

class KafkaImport final : public LogImport {
 public:
  // Fences another import into the same cluster, and goes on with one that was begun and is of the
  // same source. kInvalid: the topics hold something else, or have another number of partitions.
  static Result<std::unique_ptr<KafkaImport>> Begin(KafkaOptions options,
                                                    const ImportSource& source,
                                                    size_t records_per_commit = 5'000);
  ~KafkaImport() override;

  Hash128 epoch() const override;
  Result<void> Add(const LogRecord& record, Bytes bytes) override;
  Result<void> Close(const ImportEnd& end) override;
  Result<void> Finish() override;

 private:
  // What the events topic has of a partition.
  struct Brought {
    uint64_t records = 0;  // but EpochOpened
    Hash128 chain;         // hash of the last of them
    bool closed = false;
  };

  KafkaImport(std::unique_ptr<KafkaJournal::Core> core, size_t records_per_commit);
  // A producer with the import's transactional id: what the one before it has committed is visible
  // everywhere once it is there.
  Result<void> TakeOver();
  Result<void> RequireEmpty() const;
  Result<void> BeginAnew(const std::string& what);
  Result<void> ReadBrought();
  Result<void> ProduceRecord(const LogRecord& record, std::string_view bytes);
  Result<void> Commit();
  // Until a reader sees that the import is `unfinished` or not.
  Result<void> AwaitMark(bool unfinished) const;

  const std::unique_ptr<KafkaJournal::Core> core_;
  const size_t records_per_commit_;
  std::unique_ptr<kafka::Producer> producer_;
  std::vector<Brought> brought_;
  bool in_transaction_ = false;
  size_t batch_records_ = 0;
  size_t batch_bytes_ = 0;
};

}  // namespace sluice
