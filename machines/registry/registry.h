// registry: unique claims and members, for what no single entity can know.
//
// A key has at most one holder; others that ask wait in order and hear when it is theirs. Members
// are listed by no one: observers of the registry hear that it changed.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "events/network.gen.h"
#include "events/registry.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct RegistryMachine {
  using State = Entity<RegistryState>;
  using Apply = RegistryApply;
  using Created = RegistryCreated;
  using SpecChanged = RegistrySpecChanged;
  using Commands = TypeList<ClaimKey, ReleaseKey, JoinRegistry, LeaveRegistry, FindMembers,
                            AcquirePrefix, ReleasePrefix>;
  using OnAbsent = Commands;
  using Events = TypeList<KeyClaimed, KeyReleased, ClaimQueued, ClaimUnqueued, MemberJoined,
                          MemberIndexed, MemberLeft, PrefixAssigned, PrefixUnassigned>;
  using Phase = RegistryPhase;
  static constexpr std::string_view kName = "registry";
  static constexpr std::string_view kPlural = "registries";
  static constexpr std::string_view kCamel = "Registry";
  static constexpr Phase kInitialPhase = Phase::kActive;
  static constexpr std::array<std::string_view, 0> kInitialConditions = {};
  static constexpr Transitions<Phase, 4> kTransitions = {{
      {Phase::kAbsent, "RegistryCreated", Phase::kActive},
      {Phase::kDeleted, "RegistryCreated", Phase::kActive},
      {Phase::kActive, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
  static constexpr CollectionId kClaims = 1;
  static constexpr CollectionId kWaiters = 2;
  static constexpr CollectionId kMembers = 3;
  static constexpr CollectionId kMembersByLabel = 4;  // label, 0, value, 0, member

  static AnyTable Detail(const State& state);
};

using Registry = RegistryMachine::State;

DecideResult Decide(const Registry& registry, const ClaimKey& command,
                    const DecideContext& context);
DecideResult Decide(const Registry& registry, const ReleaseKey& command,
                    const DecideContext& context);
DecideResult Decide(const Registry& registry, const JoinRegistry& command,
                    const DecideContext& context);
DecideResult Decide(const Registry& registry, const LeaveRegistry& command,
                    const DecideContext& context);
DecideResult Decide(const Registry& registry, const FindMembers& command,
                    const DecideContext& context);

// What is held outlives no registry: while it has claims, members or ranges, `FailedPrecondition`.
DecideResult Decide(const Registry& registry, const Delete& command, const DecideContext& context);

DecideResult Decide(const Registry& registry, const AcquirePrefix& command,
                    const DecideContext& context);
DecideResult Decide(const Registry& registry, const ReleasePrefix& command,
                    const DecideContext& context);

void Evolve(Registry& registry, const PrefixAssigned& event);
void Evolve(Registry& registry, const PrefixUnassigned& event);
void Evolve(Registry& registry, const KeyClaimed& event);
void Evolve(Registry& registry, const KeyReleased& event);
void Evolve(Registry& registry, const ClaimQueued& event);
void Evolve(Registry& registry, const ClaimUnqueued& event);
void Evolve(Registry& registry, const MemberJoined& event);
void Evolve(Registry& registry, const MemberIndexed& event);
void Evolve(Registry& registry, const MemberLeft& event);

// A registry begins with the first thing asked of it.
void CreateIfAbsent(Draft<RegistryMachine>& draft);

// Where the members with this value of a label begin in kMembersByLabel.
std::string LabelKey(std::string_view label, std::string_view value);

// registry/<namespace>/locations
EntityKey LocationsRegistry(std::string_view namespace_);
// registry/<namespace>/bindingkey-<32 hex of SHA-256(key)>
EntityKey BindingKeyRegistry(std::string_view namespace_, std::string_view binding_key);
// registry/sluice-system/addresspool-<name>
EntityKey AddressPoolRegistry(std::string_view name);

const KindInfo& RegistryKind();

}  // namespace sluice
