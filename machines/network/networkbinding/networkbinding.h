// networkbinding: a network wanted at a location. Asks the network for its context, watches both,
// and says with one condition whether they can be used. Rules and tests: README.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "events/network.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct NetworkBindingMachine {
  using State = Entity<NetworkBindingState>;
  using Apply = NetworkBindingApply;
  using Create = NetworkBindingCreate;
  using Created = NetworkBindingCreated;
  using SpecChanged = NetworkBindingSpecChanged;
  using Commands = TypeList<ContextEnsured, ContextRefused>;
  using OnAbsent = TypeList<>;
  using Events =
      TypeList<NetworkBindingNetworkSeen, NetworkBindingContextAsked, NetworkBindingContextNamed,
               NetworkBindingContextDenied, NetworkBindingContextSeen, NetworkBindingReadied,
               NetworkBindingUnreadied>;
  using Phase = NetworkBindingPhase;
  static constexpr std::string_view kName = "networkbinding";
  static constexpr std::string_view kPlural = "networkbindings";
  static constexpr std::string_view kCamel = "NetworkBinding";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "NetworkBindingCreated", Phase::kPending},
      {Phase::kDeleted, "NetworkBindingCreated", Phase::kPending},
      {Phase::kPending, "NetworkBindingReadied", Phase::kReady},
      {Phase::kReady, "NetworkBindingUnreadied", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static void Validate(const NetworkBindingSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const NetworkBindingSpec& before, const NetworkBindingSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<NetworkBindingMachine>& draft);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using NetworkBinding = NetworkBindingMachine::State;

DecideResult Decide(const NetworkBinding& binding, const Delete& command,
                    const DecideContext& context);
DecideResult Decide(const NetworkBinding& binding, const Observed& seen,
                    const DecideContext& context);
DecideResult Decide(const NetworkBinding& binding, const ContextEnsured& answer,
                    const DecideContext& context);
DecideResult Decide(const NetworkBinding& binding, const ContextRefused& answer,
                    const DecideContext& context);

void Evolve(NetworkBinding& binding, const NetworkBindingNetworkSeen& event);
void Evolve(NetworkBinding& binding, const NetworkBindingContextAsked& event);
void Evolve(NetworkBinding& binding, const NetworkBindingContextNamed& event);
void Evolve(NetworkBinding& binding, const NetworkBindingContextDenied& event);
void Evolve(NetworkBinding& binding, const NetworkBindingContextSeen& event);
void Evolve(NetworkBinding& binding, const NetworkBindingReadied& event);
void Evolve(NetworkBinding& binding, const NetworkBindingUnreadied& event);

const KindInfo& NetworkBindingKind();

}  // namespace sluice
