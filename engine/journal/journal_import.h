// An import into a journal that nobody else has: commits, one after the other.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/journal/log_import.h"

namespace sluice {

class JournalImport final : public LogImport {
 public:
  // Opens every partition of `journal`, which is new and outlives this. `settle`, if given, is
  // called while a commit is waited for: what a journal driven by hand does then.
  static Result<std::unique_ptr<JournalImport>> Begin(Journal& journal,
                                                      std::function<void()> settle = {});

  Hash128 epoch() const override { return journal_.epoch(); }
  Result<void> Add(const LogRecord& record, Bytes bytes) override;
  Result<void> Close(const ImportEnd& end) override;
  Result<void> Finish() override { return {}; }

 private:
  struct Partition {
    std::unique_ptr<PartitionJournal> term;
    CommitBatch batch = {};
    size_t bytes = 0;
  };

  JournalImport(Journal& journal, std::function<void()> settle)
      : journal_(journal), settle_(std::move(settle)) {}
  Result<void> Flush(Partition& partition);

  Journal& journal_;
  const std::function<void()> settle_;
  std::vector<Partition> partitions_;
};

}  // namespace sluice
