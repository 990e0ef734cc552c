// Import: an export becomes the log of a new data directory or of empty Kafka topics, positions and
// chain bit for bit, what was undecided among the inputs, each partition closed by `EpochOpened`.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/clock.h"
#include "engine/journal/log_import.h"
#include "engine/open_journal.h"
#include "replay/export_file.h"
#include "replay/memory_archive.h"

namespace sluice::replay {

struct ImportOptions {
  std::string data_dir;  // without a log; made if it is not there
  const Clock* clock = nullptr;
  std::optional<KafkaCluster> kafka = {};  // into its topics, and no directory
  std::function<void(uint64_t records)> on_progress = {};
};

struct Imported {
  uint32_t partitions = 0;
  uint64_t records = 0;
  uint64_t undecided = 0;  // follow-ups sent and not yet decided: they are there to be decided
  std::string epoch;       // of the new log
};

// Every record is checked against its term, sequence and chain on the way. No term opens on what
// one that failed or was killed has left; the next try clears it or goes on with it. kInvalid:
// there is a log, or the export is a part. kCorruption, kUnknownType: the message names the record.
// kIo, kUnavailable.
Result<Imported> Import(ExportReader& reader, const ImportOptions& options);
// The same into a log that was begun.
Result<Imported> ImportInto(LogImport& target, ExportReader& reader,
                            const std::function<void(uint64_t records)>& on_progress = {});

// Reads an export to its end, every hash, term, sequence and the chain checked; how many records it
// has. Errors as Import's.
Result<uint64_t> CheckExport(ExportReader& reader);

// The whole of an export in memory, to ask it questions. With `keep_going` records that cannot be
// read are left out and told to `on_damage`.
Result<std::unique_ptr<MemoryArchive>> LoadExport(
    ExportReader& reader, const KindRegistry& kinds, bool keep_going,
    const std::function<void(const Error&)>& on_damage);

}  // namespace sluice::replay
