#include "machines/registry/registry.h"

namespace sluice {

std::string LabelKey(std::string_view label, std::string_view value) {
  return std::string(label) + '\0' + std::string(value) + '\0';
}

namespace {

void ForgetLabels(Registry& registry, const std::string& member) {
  const auto present = registry.items.Get<MemberItem>(RegistryMachine::kMembers, member);
  if (!present) return;
  for (const auto& [label, value] : present->labels) {
    registry.items.Erase<ReferenceItem>(RegistryMachine::kMembersByLabel,
                                        LabelKey(label, value) + member);
  }
}

}  // namespace

void Evolve(Registry& registry, const KeyClaimed& event) {
  if (registry.items.Put(RegistryMachine::kClaims, event.key,
                         ClaimItem{.holder = event.holder, .uid = event.uid})) {
    ++registry.status.claims;
  }
}

void Evolve(Registry& registry, const KeyReleased& event) {
  if (registry.items.Erase<ClaimItem>(RegistryMachine::kClaims, event.key)) {
    --registry.status.claims;
  }
}

void Evolve(Registry& registry, const ClaimQueued& event) {
  const std::string key = event.key + '\0' + BigEndianKey(registry.next_waiter++);
  registry.items.Put(RegistryMachine::kWaiters, key,
                     WaiterItem{.holder = event.holder, .uid = event.uid});
}

void Evolve(Registry& registry, const ClaimUnqueued& event) {
  registry.items.Erase<WaiterItem>(RegistryMachine::kWaiters,
                                   event.key + '\0' + BigEndianKey(event.number));
}

void Evolve(Registry& registry, const MemberJoined& event) {
  ForgetLabels(registry, event.member);
  if (registry.items.Put(RegistryMachine::kMembers, event.member,
                         MemberItem{.uid = event.uid, .labels = event.labels})) {
    ++registry.status.members;
  }
  ++registry.status.membership_version;
}

void Evolve(Registry& registry, const MemberIndexed& event) {
  for (const auto& [label, value] : event.labels) {
    registry.items.Put(RegistryMachine::kMembersByLabel, LabelKey(label, value) + event.member,
                       ReferenceItem{.key = event.member});
  }
}

void Evolve(Registry& registry, const MemberLeft& event) {
  ForgetLabels(registry, event.member);
  if (registry.items.Erase<MemberItem>(RegistryMachine::kMembers, event.member)) {
    --registry.status.members;
  }
  ++registry.status.membership_version;
}

}  // namespace sluice
