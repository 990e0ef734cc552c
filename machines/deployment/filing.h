// How an ordinal is filed: under which set and which severity, and in which sums it counts. What of
// it there is, and who files it anew, is in members.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "machines/deployment/members.h"

namespace sluice::deployment {

// The set an ordinal is filed under.
enum class Category : uint8_t {
  kNone = 0,  // as it should be, or nobody's business
  kMissing,
  kWaiting,
  kStale,
  kOutdated,
  kTerminal,
  kSurplus,  // of a pool: evicted
  kSteady,   // of a pool: as it should be
  kLeaving,  // of a pool: asked to go
};

struct Filing {
  Category category = Category::kNone;
  Severity severity = Severity::kNone;
  bool exists = false;
  bool ready = false;
  bool current = false;
  bool gated = false;             // has the gate Network
  bool gated_by_network = false;  // has only that
  bool evicted = false;
  std::string health;  // of a pool's member
  bool operator==(const Filing&) const = default;
};

Filing FilingOf(const Deployment& state, uint64_t ordinal);
// Takes the ordinal from where it is filed as `before` and files it as `after`.
void Refile(Deployment& state, uint64_t ordinal, const Filing& before, const Filing& after);

// --- Keys of the sets
inline constexpr uint64_t kHighest = ~uint64_t{0};

// Whether the set has kHighest - ordinal in its keys, so that the highest goes first.
bool IsDescending(CollectionId set);
// The number at the end of a key.
uint64_t OrdinalIn(std::string_view key);
void Mark(Deployment& state, CollectionId collection, const std::string& key, bool there);

}  // namespace sluice::deployment
