#include "machines/common/stuck.h"

namespace sluice {

Duration StuckDeadline(std::string_view kind, const ClusterConfigSpec& settings) {
  const auto& deadlines = settings.stuck_deadlines;
  auto found = deadlines.find(std::string(kind));
  if (found == deadlines.end()) found = deadlines.find("default");
  if (found == deadlines.end()) return Duration::Minutes(10);
  const auto parsed = ParseDuration(found->second);
  // Text that does not parse is refused when the settings are applied.
  return parsed ? *parsed : Duration{};
}

}  // namespace sluice
