// Prints what machines are, out of the tables they run by: `sluice machines` and the documents.
// Pure functions of KindInfo; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machines/common/kind.h"

namespace sluice {

enum class MachineFormat : uint8_t {
  kText = 0,  // A table of edges per kind, then its commands.
  kDot = 1,   // Graphviz, a cluster per kind.
  kMermaid =
      2,  // A stateDiagram-v2 per kind; several are parted by a comment with the kind's name.
};

// In the given order. Events between the same two phases share an edge in the diagrams. Nothing is
// left out: an event that the table does not name moves no phase.
std::string PrintMachines(const std::vector<const KindInfo*>& kinds, MachineFormat format);

}  // namespace sluice
