#include "machines/deployment/filing.h"

#include "machines/deployment/pool/pool.h"

namespace sluice::deployment {
namespace {

using M = DeploymentMachine;

Category PoolCategoryOf(const Deployment& state, const DeploymentMember* item) {
  if (!item) return Category::kNone;
  if (item->deleting) return Category::kLeaving;
  if (item->evicted) return Category::kSurplus;
  if (item->terminal) return Category::kTerminal;
  if (item->sent_hash != state.own.template_hash) {
    return IsReady(*item) ? Category::kOutdated : Category::kStale;
  }
  return IsReady(*item) ? Category::kSteady : Category::kWaiting;
}

Category CategoryOf(const Deployment& state, uint64_t ordinal, const DeploymentMember* item,
                    const OrdinalItem& kept) {
  if (IsPool(state.spec)) return PoolCategoryOf(state, item);
  const bool backs_off = kept.retry.next_time.IsSet();
  if (ordinal >= state.own.wanted) {
    // One that is not known to exist is asked to go once it is: a name alone may be a stranger's.
    const bool removable = item && !item->uid.empty() && !item->deleting;
    return removable ? Category::kSurplus : Category::kNone;
  }
  if (!item) return backs_off ? Category::kWaiting : Category::kMissing;
  // One that is on its way into being is asked nothing else until it is known.
  if (item->deleting || item->uid.empty()) return Category::kWaiting;
  if (item->terminal) return Category::kTerminal;
  if (item->sent_hash != state.own.template_hash) {
    if (backs_off) return Category::kWaiting;
    return IsReady(*item) ? Category::kOutdated : Category::kStale;
  }
  return IsReady(*item) ? Category::kNone : Category::kWaiting;
}

// Of what is not wanted nothing climbs.
Severity SeverityOf(const Deployment& state, uint64_t ordinal, const DeploymentMember* item,
                    const OrdinalItem& kept) {
  if (!IsPool(state.spec) && ordinal >= state.own.wanted) return Severity::kNone;
  if (item && !item->deleting && !IsReady(*item)) {
    if (item->reason == "NetworkFailedToCreate") return Severity::kNetworkFailed;
    if (item->reason == "NetworkNotFound") return Severity::kNetworkMissing;
    if (item->failed) return Severity::kFailed;
    if (item->other_gates) return Severity::kGated;
  }
  return kept.reason.empty() ? Severity::kNone : Severity::kFailed;
}

struct Set {
  CollectionId collection;
  uint32_t DeploymentOwn::*size;
};

Set SetOf(Category category) {
  switch (category) {
    case Category::kMissing:
      return {M::kMissing, &DeploymentOwn::missing};
    case Category::kWaiting:
      return {M::kWaiting, &DeploymentOwn::waiting};
    case Category::kStale:
      return {M::kStale, &DeploymentOwn::stale};
    case Category::kOutdated:
      return {M::kOutdated, &DeploymentOwn::outdated};
    case Category::kTerminal:
      return {M::kTerminal, &DeploymentOwn::terminal};
    case Category::kSurplus:
      return {M::kSurplus, &DeploymentOwn::surplus};
    case Category::kSteady:
      return {M::kSteady, &DeploymentOwn::steady};
    case Category::kLeaving:
      return {M::kLeaving, &DeploymentOwn::leaving};
    case Category::kNone:
      break;
  }
  throw InvariantViolation("an ordinal without a set");
}

std::string FaultKey(Severity severity, uint64_t ordinal) {
  return std::string(1, static_cast<char>(severity)) + BigEndianKey(ordinal);
}

void Count(uint32_t& sum, bool before, bool after) {
  if (before != after) sum += after ? 1u : ~0u;
}

void FileUnder(Deployment& state, uint64_t ordinal, Category category, bool there) {
  if (category == Category::kNone) return;
  const Set set = SetOf(category);
  Mark(state, set.collection,
       BigEndianKey(IsDescending(set.collection) ? kHighest - ordinal : ordinal), there);
  state.own.*set.size += there ? 1u : ~0u;
}

}  // namespace

Filing FilingOf(const Deployment& state, uint64_t ordinal) {
  const auto item = FindMember(state, ordinal);
  const OrdinalItem kept = OrdinalOf(state, ordinal);
  Filing filing;
  filing.category = CategoryOf(state, ordinal, item ? &*item : nullptr, kept);
  filing.severity = SeverityOf(state, ordinal, item ? &*item : nullptr, kept);
  if (!item) return filing;
  filing.exists = !item->uid.empty();
  filing.ready = IsReady(*item);
  filing.current = item->programmed && item->seen_hash == state.own.template_hash;
  filing.gated = item->network_gate && !item->deleting;
  filing.evicted = item->evicted;
  if (IsPool(state.spec) && filing.exists)
    filing.health = item->health.empty() ? "Unknown" : item->health;
  filing.gated_by_network = filing.exists && filing.gated && !item->other_gates;
  return filing;
}

void Refile(Deployment& state, uint64_t ordinal, const Filing& before, const Filing& after) {
  if (before == after) return;
  if (before.category != after.category) {
    FileUnder(state, ordinal, before.category, false);
    FileUnder(state, ordinal, after.category, true);
  }
  if (before.severity != after.severity) {
    if (before.severity != Severity::kNone) {
      Mark(state, M::kFaults, FaultKey(before.severity, ordinal), false);
    }
    if (after.severity != Severity::kNone) {
      Mark(state, M::kFaults, FaultKey(after.severity, ordinal), true);
    }
  }
  if (before.gated != after.gated) {
    Mark(state, M::kGated, BigEndianKey(ordinal), after.gated);
  }
  Count(state.status.replicas, before.exists, after.exists);
  Count(state.status.ready_replicas, before.ready, after.ready);
  Count(state.status.current_replicas, before.current, after.current);
  Count(state.own.network_gated, before.gated_by_network, after.gated_by_network);
  Count(state.own.evicting, before.evicted, after.evicted);
  Count(state.own.healthy, before.health == "Healthy", after.health == "Healthy");
  Count(state.own.errored, before.health == "Errored", after.health == "Errored");
  Count(state.own.health_unknown, before.health == "Unknown", after.health == "Unknown");
}

bool IsDescending(CollectionId set) {
  return set == M::kOutdated || set == M::kTerminal || set == M::kSurplus || set == M::kSteady;
}

uint64_t OrdinalIn(std::string_view key) {
  uint64_t ordinal = 0;
  for (const char c : key.substr(key.size() - 8)) {
    ordinal = ordinal << 8 | static_cast<unsigned char>(c);
  }
  return ordinal;
}

void Mark(Deployment& state, CollectionId collection, const std::string& key, bool there) {
  if (there) {
    state.items.Put(collection, key, MarkItem{});
  } else {
    state.items.Erase<MarkItem>(collection, key);
  }
}

}  // namespace sluice::deployment
