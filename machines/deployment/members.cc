#include "machines/deployment/members.h"

#include <set>

#include "machines/deployment/pool/pool.h"

namespace sluice::deployment {
namespace {

using M = DeploymentMachine;

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

struct Set {
  CollectionId collection;
  uint32_t DeploymentOwn::*size;
  bool descending;
};

Set SetOf(Category category) {
  switch (category) {
    case Category::kMissing:
      return {M::kMissing, &DeploymentOwn::missing, false};
    case Category::kWaiting:
      return {M::kWaiting, &DeploymentOwn::waiting, false};
    case Category::kStale:
      return {M::kStale, &DeploymentOwn::stale, false};
    case Category::kOutdated:
      return {M::kOutdated, &DeploymentOwn::outdated, true};
    case Category::kTerminal:
      return {M::kTerminal, &DeploymentOwn::terminal, true};
    case Category::kSurplus:
      return {M::kSurplus, &DeploymentOwn::surplus, true};
    case Category::kSteady:
      return {M::kSteady, &DeploymentOwn::steady, true};
    case Category::kLeaving:
      return {M::kLeaving, &DeploymentOwn::leaving, false};
    case Category::kNone:
      break;
  }
  throw InvariantViolation("an ordinal without a set");
}

bool IsDescending(CollectionId set) {
  return set == M::kOutdated || set == M::kTerminal || set == M::kSurplus || set == M::kSteady;
}

std::string FaultKey(Severity severity, uint64_t ordinal) {
  return std::string(1, static_cast<char>(severity)) + BigEndianKey(ordinal);
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

void Count(uint32_t& sum, bool before, bool after) {
  if (before != after) sum += after ? 1u : ~0u;
}

void FileUnder(Deployment& state, uint64_t ordinal, Category category, bool there) {
  if (category == Category::kNone) return;
  const Set set = SetOf(category);
  Mark(state, set.collection, BigEndianKey(set.descending ? kHighest - ordinal : ordinal), there);
  state.own.*set.size += there ? 1u : ~0u;
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

}  // namespace

bool IsReady(const DeploymentMember& item) {
  return item.ready && !item.deleting && !item.terminal && item.seen_hash == item.sent_hash;
}

std::optional<DeploymentMember> FindMember(const Deployment& state, uint64_t ordinal) {
  return state.items.Get<DeploymentMember>(M::kMembers, BigEndianKey(ordinal));
}

OrdinalItem OrdinalOf(const Deployment& state, uint64_t ordinal) {
  return state.items.Get<OrdinalItem>(M::kOrdinals, BigEndianKey(ordinal)).value_or(OrdinalItem{});
}

std::optional<uint64_t> OrdinalNamed(const Deployment& state, const std::string& name) {
  const auto found = state.items.Get<MemberName>(M::kNames, name);
  return found ? std::optional(found->ordinal) : std::nullopt;
}

std::string NameOf(const Deployment& state, const std::string& deployment, uint64_t ordinal) {
  std::vector<std::string> parts = {deployment, std::to_string(ordinal)};
  const uint32_t taken = OrdinalOf(state, ordinal).taken;
  if (taken == 0) return DerivedName(parts);
  if (taken > 1) parts.push_back(std::to_string(taken));
  return DerivedNameWithHash(parts);
}

std::vector<uint64_t> OrdinalsOf(const Deployment& state, CollectionId set, size_t limit,
                                 const std::string& from) {
  std::vector<uint64_t> ordinals;
  state.items.ScanBytes(set, from, [&](std::string_view key, std::string_view) {
    if (ordinals.size() >= limit) return false;
    const uint64_t value = OrdinalIn(key);
    ordinals.push_back(IsDescending(set) ? kHighest - value : value);
    return true;
  });
  return ordinals;
}

std::optional<Fault> WorstFault(const Deployment& state) {
  std::optional<Fault> worst;
  state.items.ScanBytes(M::kFaults, "", [&](std::string_view key, std::string_view) {
    worst = Fault{.severity = static_cast<Severity>(key.front()), .reason = {}, .message = {}};
    const uint64_t ordinal = OrdinalIn(key);
    const auto item = FindMember(state, ordinal);
    const OrdinalItem kept = OrdinalOf(state, ordinal);
    const bool of_kept = worst->severity == Severity::kFailed && !(item && item->failed);
    worst->reason = of_kept ? kept.reason : item->reason;
    worst->message = of_kept ? kept.message : item->message;
    return false;
  });
  return worst;
}

std::optional<Due> NextDue(const Deployment& state) {
  std::optional<Due> due;
  state.items.ScanBytes(M::kDue, "", [&](std::string_view key, std::string_view) {
    due = Due{.time = Time{static_cast<int64_t>(OrdinalIn(key.substr(0, 8)))},
              .ordinal = OrdinalIn(key)};
    return false;
  });
  return due;
}

void Put(Deployment& state, uint64_t ordinal, const DeploymentMember& item) {
  const Filing before = FilingOf(state, ordinal);
  if (state.items.Put(M::kMembers, BigEndianKey(ordinal), item)) {
    ++state.own.members;
    state.own.next_number = std::max(state.own.next_number, ordinal + 1);
    state.items.Put(M::kNames, item.name, MemberName{.ordinal = ordinal});
  }
  Refile(state, ordinal, before, FilingOf(state, ordinal));
}

void Erase(Deployment& state, uint64_t ordinal) {
  const auto item = FindMember(state, ordinal);
  if (!item) return;
  const Filing before = FilingOf(state, ordinal);
  state.items.Erase<DeploymentMember>(M::kMembers, BigEndianKey(ordinal));
  state.items.Erase<MemberName>(M::kNames, item->name);
  --state.own.members;
  Refile(state, ordinal, before, FilingOf(state, ordinal));
}

void PutOrdinal(Deployment& state, uint64_t ordinal, const OrdinalItem& item) {
  const Filing before = FilingOf(state, ordinal);
  const auto due_key = [&](Time time) {
    return BigEndianKey(static_cast<uint64_t>(time.us)) + BigEndianKey(ordinal);
  };
  const OrdinalItem present = OrdinalOf(state, ordinal);
  if (present.retry.next_time != item.retry.next_time) {
    if (present.retry.next_time.IsSet())
      Mark(state, M::kDue, due_key(present.retry.next_time), false);
    if (item.retry.next_time.IsSet()) Mark(state, M::kDue, due_key(item.retry.next_time), true);
  }
  if (item == OrdinalItem{}) {
    state.items.Erase<OrdinalItem>(M::kOrdinals, BigEndianKey(ordinal));
  } else {
    state.items.Put(M::kOrdinals, BigEndianKey(ordinal), item);
  }
  Refile(state, ordinal, before, FilingOf(state, ordinal));
}

void RefileAll(Deployment& state, const std::function<void(Deployment&)>& change) {
  std::set<uint64_t> ordinals;
  for (const CollectionId collection : {M::kMembers, M::kOrdinals}) {
    state.items.ScanBytes(collection, "", [&](std::string_view key, std::string_view) {
      ordinals.insert(OrdinalIn(key));
      return true;
    });
  }
  Deployment after = state;
  change(after);
  const uint64_t end = std::max(state.own.wanted, after.own.wanted);
  for (uint64_t ordinal = 0; ordinal < end; ++ordinal) ordinals.insert(ordinal);
  std::vector<std::pair<Filing, Filing>> filings;
  filings.reserve(ordinals.size());
  for (const uint64_t ordinal : ordinals) {
    filings.emplace_back(FilingOf(state, ordinal), FilingOf(after, ordinal));
  }
  change(state);
  size_t next = 0;
  for (const uint64_t ordinal : ordinals) {
    Refile(state, ordinal, filings[next].first, filings[next].second);
    ++next;
  }
}

}  // namespace sluice::deployment
