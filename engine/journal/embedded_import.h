// An import into a new embedded journal: made beside the place where it will be, and moved there as
// a whole.
#pragma once

#include <memory>
#include <string>

#include "engine/clock.h"
#include "engine/journal/embedded_journal.h"
#include "engine/journal/journal_import.h"

namespace sluice {

class EmbeddedImport final : public LogImport {
 public:
  // Of the journal at `path`. What an earlier try has left is removed. kInvalid: there is a
  // journal.
  static Result<std::unique_ptr<EmbeddedImport>> Begin(const std::string& path,
                                                       const ImportSource& source,
                                                       const Clock& clock);
  // Where an unfinished import into `path` is.
  static std::string UnfinishedPath(const std::string& path) { return path + ".importing"; }

  // What is not finished is removed, where there is time for it.
  ~EmbeddedImport() override;

  Hash128 epoch() const override { return import_->epoch(); }
  Result<void> Add(const LogRecord& record, Bytes bytes) override {
    return import_->Add(record, std::move(bytes));
  }
  Result<void> Close(const ImportEnd& end) override { return import_->Close(end); }
  Result<void> Finish() override;

 private:
  EmbeddedImport() = default;

  std::string path_;
  std::unique_ptr<EmbeddedJournal> journal_;
  std::unique_ptr<JournalImport> import_;
};

}  // namespace sluice
