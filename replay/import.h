// Import: an export becomes the log of a new data directory, positions and chain bit for bit.
#pragma once

#include <functional>
#include <string>

#include "engine/clock.h"
#include "replay/export_file.h"
#include "replay/memory_archive.h"

namespace sluice::replay {

struct ImportOptions {
  std::string data_dir;  // without a log; made if it is not there
  const KindRegistry* kinds = nullptr;
  const Clock* clock = nullptr;
  std::function<void(uint64_t records)> on_progress;
};

struct Imported {
  uint32_t partitions = 0;
  uint64_t records = 0;
  uint64_t undecided = 0;  // follow-ups sent and not yet decided: they are there to be decided
  std::string epoch;       // of the new log
};

// Every record is checked against its term, sequence and chain on the way. Nothing of a log is left
// behind when it fails. kInvalid: the directory has a log, the export is a part or redacted.
// kCorruption, kUnknownType: the message names the record. kIo.
Result<Imported> Import(ExportReader& reader, const ImportOptions& options);

// Reads an export to its end, every hash, term, sequence and the chain checked; how many records it
// has. Errors as Import's.
Result<uint64_t> CheckExport(ExportReader& reader);

// The whole of an export in memory, to ask it questions. With `keep_going` records that cannot be
// read are left out and told to `on_damage`.
Result<std::unique_ptr<MemoryArchive>> LoadExport(
    ExportReader& reader, const KindRegistry& kinds, bool keep_going,
    const std::function<void(const Error&)>& on_damage);

}  // namespace sluice::replay
