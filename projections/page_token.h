// Continue tokens: where a page ended, and at which coverage its list was read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/basic_types.h"
#include "projections/resource_version.h"

namespace sluice {

struct PageToken {
  Coverage coverage;
  uint32_t partition = 0;  // where lists go partition by partition
  std::string last;        // the last thing given: any bytes
  bool past = false;       // of a list as it was at `coverage`,
  Time time{};             // which was then
};

std::string FormatPageToken(const PageToken& token);
// kInvalid: none of ours, or of another number of partitions.
Result<PageToken> ParsePageToken(std::string_view text, uint32_t partitions);

}  // namespace sluice
