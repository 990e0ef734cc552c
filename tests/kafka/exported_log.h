// An exported log, read whole, and what is true of one that was moved.
#pragma once

#include <string>
#include <vector>

#include "replay/export_file.h"
#include "tests/support/node_process.h"

namespace sluice::testing {

struct Exported {
  replay::ExportHeader header;
  std::vector<std::vector<Bytes>> records;  // by partition
};

Exported ReadExport(const std::string& path);
// Of a running node, as it is now, and once everything that was sent is decided.
Exported ExportFrom(const NodeProcess& node, const std::string& file);
Exported ExportDecided(const NodeProcess& node, const std::string& file);
// Of a stopped node's data, up to the middle of the first partition: others have not decided all
// that it had just sent.
Exported ExportUndecided(const std::string& data, const std::string& file);

// `moved` begins with what `was` has, record by record, and behind it opens an epoch and a term.
void ExpectMoved(const Exported& was, const Exported& moved);
// How many follow-ups of a log are not decided; that none is decided twice is checked.
size_t Undecided(const Exported& log);
// Decisions on timers behind the last change of epoch.
size_t TimersDecidedSinceMoving(const Exported& log);

}  // namespace sluice::testing
