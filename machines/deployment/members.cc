#include "machines/deployment/members.h"

#include <set>

#include "machines/deployment/filing.h"

namespace sluice::deployment {
namespace {

using M = DeploymentMachine;

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

std::vector<Due> NextDue(const Deployment& state, size_t limit) {
  std::vector<Due> due;
  state.items.ScanBytes(M::kDue, "", [&](std::string_view key, std::string_view) {
    if (due.size() == limit) return false;
    due.push_back({.time = Time{static_cast<int64_t>(OrdinalIn(key.substr(0, 8)))},
                   .ordinal = OrdinalIn(key)});
    return true;
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
