// Begins an import into the log that a choice names.
#pragma once

#include <memory>

#include "engine/journal/log_import.h"
#include "engine/open_journal.h"

namespace sluice {

// data_dir, clock and kafka of the choice count. Errors as EmbeddedImport::Begin and
// KafkaImport::Begin.
Result<std::unique_ptr<LogImport>> OpenImport(const JournalChoice& choice,
                                              const ImportSource& source);

}  // namespace sluice
