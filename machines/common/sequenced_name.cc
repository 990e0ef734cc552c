#include "machines/common/sequenced_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/sha256.h"
#include "machines/common/names.h"

namespace sluice {

std::string SequencedName(std::string_view prefix, std::string_view hashed, uint64_t sequence) {
  constexpr size_t kPrefixAndHashMax = 56;
  constexpr size_t kHashDigits = 12;
  const std::string hash = Sha256Hex(hashed).substr(0, kHashDigits);
  const std::string number = fmt::format("{:02}", sequence);
  const size_t room = std::min(kPrefixAndHashMax, kNameMax - 1 - number.size());
  std::string cut(prefix.substr(0, room - 1 - kHashDigits));
  while (!cut.empty() && cut.back() == '-') cut.pop_back();
  return cut + "-" + hash + "-" + number;
}

}  // namespace sluice
