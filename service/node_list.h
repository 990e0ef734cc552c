// /nodes: who shares the log, which partitions are whose, and how far this node's projections are.
#pragma once

#include <string>

#include "engine/node.h"

namespace sluice::service {

// {"items": [{name, address, partitions}], "self": {name, partitions: [{partition, state, reason,
// term, sequence, applied}]}}; `sequence` and `applied` are one past the last decision known and
// projected here.
std::string NodesJson(Node& node);

}  // namespace sluice::service
