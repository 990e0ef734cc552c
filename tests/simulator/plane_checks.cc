#include "tests/simulator/plane_checks.h"

#include <algorithm>
#include <map>

#include "machines/binding/instances.h"
#include "machines/common/conditions.h"
#include "machines/instance/instance.h"
#include "machines/network/allocator/allocator.h"
#include "machines/network/holding/entity_items.h"
#include "machines/network/holding/hold.h"
#include "machines/network/network/network.h"
#include "machines/network/networkcontext/networkcontext.h"
#include "machines/network/subnet/subnet.h"

namespace sluice::simulator {

using binding::KeyOf;

void PlaneChecks::BeforeFold(const ObservedEntity& entity) {
  if (entity.key.kind != "binding") return;
  const auto& state = static_cast<const Binding&>(*entity.state);
  candidate_before_ = state.own.candidate;
  active_before_ = state.own.active;
}

void PlaneChecks::AfterFold(const ObservedEntity& entity, const Decision& decision) {
  changed_ = changed_ || entity.key.kind != "widget";
  if (entity.key.kind == "instance") {
    const auto& state = static_cast<const Instance&>(*entity.state);
    // Not the phase: one that is Expiring serves on.
    const Condition* ready = FindCondition(state.status.conditions, "Ready");
    if (ready && ready->status == ConditionStatus::kTrue) once_ready_.insert(state.metadata->uid);
  } else if (entity.key.kind == "binding") {
    CheckCutover(static_cast<const Binding&>(*entity.state), decision);
  }
}

void PlaneChecks::CheckCutover(const Binding& binding, const Decision& decision) {
  const std::string& self = decision.command->entity;
  bool started = false;
  for (const Event& event : decision.events) {
    const auto* completed = event.payload.As<CutoverCompleted>();
    findings_.Expect(!completed || started, "binding", "{} completes a cutover it did not start",
                     self);
    started = event.payload.As<CutoverStarted>() != nullptr;
    if (!completed && !event.payload.As<CandidatePromoted>()) continue;
    const auto& active = binding.own.active;
    if (!findings_.Expect(
            active && candidate_before_ && KeyOf(*active) == KeyOf(*candidate_before_), "binding",
            "{} makes active what was no candidate", self)) {
      return;
    }
    findings_.Expect(active->view.ready && once_ready_.contains(active->view.uid), "binding",
                     "{} cuts over to {}, which was never ready", self, active->name);
    if (!completed) continue;
    const bool kept = std::any_of(binding.own.cleanup.begin(), binding.own.cleanup.end(),
                                  [&](const BoundInstance& old) {
                                    return active_before_ && KeyOf(old) == KeyOf(*active_before_);
                                  });
    findings_.Expect(kept, "binding", "{} drops the one that served", self);
  }
}

void PlaneChecks::Check() {
  if (!changed_ || findings_.any()) return;
  changed_ = false;
  CheckBindings();
  CheckNetworks();
  CheckAddresses();
}

void PlaneChecks::CheckBindings() {
  std::map<std::string, std::string> keys;
  std::map<std::string, std::string> actives;
  for (const std::string& key : view_.Keys("binding")) {
    const auto& state = *view_.As<Binding>(key);
    if (state.own.key == BindingKeyState::kGranted) {
      const auto [other, is_new] = keys.emplace(state.spec.binding_key, key);
      findings_.Expect(is_new, "binding", "{} and {} hold key {}", other->second, key,
                       state.spec.binding_key);
    }
    if (!state.own.active) continue;
    const auto [other, is_new] = actives.emplace(KeyOf(*state.own.active).ToString(), key);
    findings_.Expect(is_new, "binding", "{} and {} have one active instance", other->second, key);
    findings_.Expect(
        !state.own.candidate || KeyOf(*state.own.candidate) != KeyOf(*state.own.active), "binding",
        "{} has its active one as a candidate", key);
  }
}

void PlaneChecks::CheckNetworks() {
  for (const std::string& key : view_.Keys("registry")) {
    if (key.find("/addresspool-") != std::string::npos) CheckGiver(key, {});
  }
  for (const std::string& key : view_.Keys("network")) {
    const auto& state = *view_.As<Network>(key);
    CheckGiver(key, {state.status.ipv4_range, state.status.ipv6_range});
  }
  for (const std::string& key : view_.Keys("networkcontext")) {
    const auto& state = *view_.As<NetworkContext>(key);
    CheckGiver(key, {state.status.ipv4_prefix, state.status.ipv6_prefix});
    CheckHolds(key, state.metadata.uid, state.own.holds,
               "network/" + state.metadata.namespace_ + "/" + state.spec.network.name);
  }
  for (const std::string& key : view_.Keys("subnet")) {
    const auto& state = *view_.As<Subnet>(key);
    CheckGiver(key, {state.status.prefix});
    CheckHolds(
        key, state.metadata.uid, state.own.holds,
        "networkcontext/" + state.metadata.namespace_ + "/" + state.spec.network_context.name);
  }
}

void PlaneChecks::CheckGiver(const std::string& key, const std::vector<std::string>& blocks) {
  const EntityItemsView items(view_.Find(key)->items);
  for (const Family family : {Family::kIPv4, Family::kIPv6}) {
    std::optional<Prefix> before;
    for (const Held& held : AllocatorView(items).List(Prefix::All(family), 10'000)) {
      findings_.Expect(!before || !before->Overlaps(held.prefix), "network",
                       "{} gave {} and {}, which overlap", key, before ? before->ToString() : "",
                       held.prefix.ToString());
      const bool inside =
          blocks.empty() || std::any_of(blocks.begin(), blocks.end(), [&](const auto& block) {
            return !block.empty() && Prefix::Parse(block)->Contains(held.prefix);
          });
      findings_.Expect(inside, "network", "{} gave {}, which it has not", key,
                       held.prefix.ToString());
      before = held.prefix;
    }
  }
}

void PlaneChecks::CheckHolder(const std::string& key, const std::string& claim,
                              const std::string& prefix, const std::string& giver) {
  const EntityState* state = view_.Find(giver);
  if (!findings_.Expect(state != nullptr, "network", "{} has {} of {}, which never was", key,
                        prefix, giver)) {
    return;
  }
  const EntityItemsView items(state->items);
  const auto grant = AllocatorView(items).GrantOf(claim);
  findings_.Expect(grant && *grant == *Prefix::Parse(prefix), "network",
                   "{} believes to have {} of {}, which gave it {}", key, prefix, giver,
                   grant ? grant->ToString() : "nothing");
}

void PlaneChecks::CheckHolds(const std::string& key, const std::string& uid,
                             const std::vector<PrefixHold>& holds, const std::string& giver) {
  for (const PrefixHold& hold : holds) {
    if (!hold.prefix.empty()) CheckHolder(key, ClaimOf(uid, hold.family), hold.prefix, giver);
  }
}

void PlaneChecks::CheckAddresses() {
  std::map<std::pair<std::string, std::string>, std::string> addresses;
  for (const std::string& key : view_.Keys("instance")) {
    const auto& state = *view_.As<Instance>(key);
    for (const Attachment& attachment : state.own.attachments) {
      if (attachment.step != AttachmentStep::kReady) continue;
      const auto [other, is_new] =
          addresses.emplace(std::pair(attachment.subnet, attachment.address), key);
      findings_.Expect(is_new, "network", "{} and {} have address {}", other->second, key,
                       attachment.address);
      const auto address = Prefix::ParseAddress(attachment.address);
      CheckHolder(key, state.metadata->uid + "/" + std::to_string(attachment.interface),
                  address ? address->ToString() : "no address",
                  "subnet/" + state.metadata->namespace_ + "/" + attachment.subnet);
    }
  }
}

void PlaneChecks::CheckLiveness(const std::string& revision) {
  for (const std::string& key : view_.Keys("binding")) {
    const auto& state = *view_.As<Binding>(key);
    findings_.Expect(!state.IsDeleting(), "binding", "{} does not go", key);
    if (state.own.key == BindingKeyState::kRefused) continue;  // another's
    const Condition* ready = FindCondition(state.status.conditions, "Ready");
    findings_.Expect(state.status.phase == BindingPhase::kReady && ready &&
                         ready->status == ConditionStatus::kTrue && state.own.active &&
                         state.own.active->revision == revision,
                     "binding", "{} does not get ready: {} {} {}", key,
                     ToString(state.status.phase), ready ? ready->reason : "",
                     ready ? ready->message : "");
    if (!state.own.active) continue;
    const auto* active = view_.As<Instance>(KeyOf(*state.own.active).ToString());
    findings_.Expect(active && active->Exists() && active->status.phase == InstancePhase::kReady,
                     "binding", "the active instance of {} is not ready", key);
  }
  for (const std::string& key : view_.Keys("instance")) {
    findings_.Expect(!view_.Find(key)->IsDeleting(), "instance", "{} does not go", key);
  }
}

void PlaneChecks::CheckNothingLeft() {
  for (const char* kind : {"binding", "instance", "network", "networkbinding", "networkcontext",
                           "subnetclaim", "subnet"}) {
    for (const std::string& key : view_.Keys(kind)) {
      findings_.Expect(false, kind, "{} is left after all was deleted", key);
    }
  }
  for (const std::string& key : view_.Keys("registry")) {
    if (key.find("/addresspool-") == std::string::npos) continue;
    const EntityItemsView items(view_.Find(key)->items);
    const bool empty =
        AllocatorView(items).IsEmpty(Family::kIPv4) && AllocatorView(items).IsEmpty(Family::kIPv6);
    findings_.Expect(empty, "network", "{} has prefixes out that nobody holds", key);
  }
}

}  // namespace sluice::simulator
