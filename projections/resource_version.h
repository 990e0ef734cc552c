// resourceVersion: where a read was made, as an opaque text for users.
//
// An object's is its own position, "0:17". A list's, a watch event's and a bookmark's cover every
// partition: "v18.5.0", the next sequence of each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "events/result.h"

namespace sluice {

struct DecisionPosition {
  uint32_t partition = 0;
  uint64_t sequence = 0;
  bool operator==(const DecisionPosition&) const = default;
};

// Per partition, one past the last decision seen.
using Coverage = std::vector<uint64_t>;
using ResourceVersion = std::variant<DecisionPosition, Coverage>;

std::string FormatPosition(uint32_t partition, uint64_t sequence);
std::string FormatCoverage(const Coverage& coverage);

// kInvalid: neither of the two, or of another number of partitions; the message quotes it.
Result<ResourceVersion> ParseResourceVersion(std::string_view text, uint32_t partitions);

}  // namespace sluice
