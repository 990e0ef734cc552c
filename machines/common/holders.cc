#include "machines/common/holders.h"

#include <fmt/format.h>

namespace sluice {

std::string JoinHolders(const std::vector<std::string>& holders, uint64_t total) {
  std::string joined = fmt::format("{}", fmt::join(holders, ", "));
  if (total > holders.size()) joined += fmt::format(" and {} more", total - holders.size());
  return joined;
}

}  // namespace sluice
