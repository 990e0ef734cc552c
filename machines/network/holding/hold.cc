#include "machines/network/holding/hold.h"

#include <algorithm>

namespace sluice {
namespace {

PrefixHold& HoldOf(std::vector<PrefixHold>& holds, const std::string& family) {
  for (PrefixHold& hold : holds) {
    if (hold.family == family) return hold;
  }
  holds.push_back({.family = family});
  return holds.back();
}

}  // namespace

std::string ClaimOf(const std::string& uid, std::string_view family) {
  return uid + "/" + std::string(family);
}

const PrefixHold* FindHold(const std::vector<PrefixHold>& holds, std::string_view family) {
  const auto found = std::find_if(holds.begin(), holds.end(),
                                  [&](const PrefixHold& hold) { return hold.family == family; });
  return found == holds.end() ? nullptr : &*found;
}

std::string HeldPrefix(const std::vector<PrefixHold>& holds, std::string_view family) {
  const PrefixHold* hold = FindHold(holds, family);
  return hold ? hold->prefix : "";
}

bool HoldsAll(const std::vector<PrefixHold>& holds, const std::vector<std::string>& families) {
  return !families.empty() &&
         std::all_of(families.begin(), families.end(),
                     [&](const std::string& family) { return !HeldPrefix(holds, family).empty(); });
}

const PrefixHold* FirstDenied(const std::vector<PrefixHold>& holds) {
  const auto found = std::find_if(holds.begin(), holds.end(), [](const PrefixHold& hold) {
    return hold.prefix.empty() && !hold.reason.empty();
  });
  return found == holds.end() ? nullptr : &*found;
}

void EvolveHold(std::vector<PrefixHold>& holds, const PrefixAsked& event) {
  PrefixHold& hold = HoldOf(holds, event.family);
  hold.asked = true;
  hold.outcome = event.outcome;
}

void EvolveHold(std::vector<PrefixHold>& holds, const PrefixHeld& event) {
  PrefixHold& hold = HoldOf(holds, event.family);
  hold = {.family = event.family, .prefix = event.prefix};
}

void EvolveHold(std::vector<PrefixHold>& holds, const PrefixDenied& event) {
  PrefixHold& hold = HoldOf(holds, event.family);
  hold = {.family = event.family, .reason = event.reason, .message = event.message};
}

void EvolveHold(std::vector<PrefixHold>& holds, const PrefixReturned& event) {
  std::erase_if(holds, [&](const PrefixHold& hold) { return hold.family == event.family; });
}

}  // namespace sluice
