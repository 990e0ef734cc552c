// network: takes its ranges from the pool, has a context per location that is bound, and gives each
// context a block. Rules and tests: README.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "events/network.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct NetworkMachine {
  using State = Entity<NetworkState>;
  using Apply = NetworkApply;
  using Created = NetworkCreated;
  using SpecChanged = NetworkSpecChanged;
  using Commands = TypeList<EnsureContext, ReleaseContext, AcquirePrefix, ReleasePrefix,
                            PrefixGranted, PrefixRefused, TellBindings, ContinueCascade>;
  using OnAbsent = TypeList<EnsureContext, ReleaseContext, AcquirePrefix, ReleasePrefix>;
  using Events =
      TypeList<NetworkAllocated, NetworkContextAdded, NetworkContextConfirmed,
               NetworkContextRetired, NetworkContextRemoved, NetworkBindingJoined,
               NetworkBindingLeft, NetworkHoldersChanged, PrefixAsked, PrefixHeld, PrefixDenied,
               PrefixReturned, PrefixAssigned, PrefixUnassigned, RetryChanged, CascadeRequested>;
  using Phase = NetworkPhase;
  static constexpr std::string_view kName = "network";
  static constexpr std::string_view kPlural = "networks";
  static constexpr std::string_view kCamel = "Network";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 2> kInitialConditions = {"IPAMAllocated", "Ready"};
  static constexpr Transitions<Phase, 6> kTransitions = {{
      {Phase::kAbsent, "NetworkCreated", Phase::kPending},
      {Phase::kDeleted, "NetworkCreated", Phase::kPending},
      {Phase::kPending, "NetworkAllocated", Phase::kReady},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static constexpr CollectionId kContexts = 1;      // location -> NetworkContextItem
  static constexpr CollectionId kBindings = 2;      // location, 0, binding -> NetworkBindingItem
  static constexpr CollectionId kContextNames = 3;  // entity key of a context -> its location
  static constexpr CollectionId kOutcomes = 4;      // big-endian number -> location
  // kAllocatorCollection: the blocks of contexts.

  static void Default(NetworkSpec& spec, const DecideContext& context);
  static void Validate(const NetworkSpec& spec, FieldErrors& errors);
  static void Settle(Draft<NetworkMachine>& draft);
  static void Cascade(Draft<NetworkMachine>& draft, const std::string& cursor);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using Network = NetworkMachine::State;

DecideResult Decide(const Network& network, const NetworkApply& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const Delete& command, const DecideContext& context);
DecideResult Decide(const Network& network, const ContinueCascade& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const TimerDue& timer, const DecideContext& context);
DecideResult Decide(const Network& network, const Observed& seen, const DecideContext& context);
DecideResult Decide(const Network& network, const Outcome& outcome, const DecideContext& context);
DecideResult Decide(const Network& network, const EnsureContext& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const ReleaseContext& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const TellBindings& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const AcquirePrefix& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const ReleasePrefix& command,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const PrefixGranted& answer,
                    const DecideContext& context);
DecideResult Decide(const Network& network, const PrefixRefused& answer,
                    const DecideContext& context);

void Evolve(Network& network, const NetworkSpecChanged& event);
void Evolve(Network& network, const NetworkAllocated& event);
void Evolve(Network& network, const NetworkContextAdded& event);
void Evolve(Network& network, const NetworkContextConfirmed& event);
void Evolve(Network& network, const NetworkContextRetired& event);
void Evolve(Network& network, const NetworkContextRemoved& event);
void Evolve(Network& network, const NetworkBindingJoined& event);
void Evolve(Network& network, const NetworkBindingLeft& event);
void Evolve(Network& network, const NetworkHoldersChanged& event);
void Evolve(Network& network, const PrefixAsked& event);
void Evolve(Network& network, const PrefixHeld& event);
void Evolve(Network& network, const PrefixDenied& event);
void Evolve(Network& network, const PrefixReturned& event);
void Evolve(Network& network, const PrefixAssigned& event);
void Evolve(Network& network, const PrefixUnassigned& event);
void Evolve(Network& network, const RetryChanged& event);
void Evolve(Network& network, const CascadeRequested& event);

std::string NetworkBindingItemKey(std::string_view location, std::string_view binding);

const KindInfo& NetworkKind();

}  // namespace sluice
