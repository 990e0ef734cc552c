// subnetclaim: a subnet wanted in a network context. Makes a subnet of its own name and is ready
// when that is. Rules and tests: README.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "events/network.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct SubnetClaimMachine {
  using State = Entity<SubnetClaimState>;
  using Apply = SubnetClaimApply;
  using Create = SubnetClaimCreate;
  using Created = SubnetClaimCreated;
  using SpecChanged = SubnetClaimSpecChanged;
  using Commands = TypeList<>;
  using OnAbsent = TypeList<>;
  using Events = TypeList<SubnetClaimSubnetNamed, SubnetClaimSubnetConfirmed, SubnetClaimSubnetSeen,
                          SubnetClaimReadied, SubnetClaimUnreadied, CascadeRequested>;
  using Phase = SubnetClaimPhase;
  static constexpr std::string_view kName = "subnetclaim";
  static constexpr std::string_view kPlural = "subnetclaims";
  static constexpr std::string_view kCamel = "SubnetClaim";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "SubnetClaimCreated", Phase::kPending},
      {Phase::kDeleted, "SubnetClaimCreated", Phase::kPending},
      {Phase::kPending, "SubnetClaimReadied", Phase::kReady},
      {Phase::kReady, "SubnetClaimUnreadied", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static void Default(SubnetSpec& spec, const DecideContext& context);
  static void Validate(const SubnetSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const SubnetSpec& before, const SubnetSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<SubnetClaimMachine>& draft);
  static void Cascade(Draft<SubnetClaimMachine>& draft, const std::string& cursor);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using SubnetClaim = SubnetClaimMachine::State;

DecideResult Decide(const SubnetClaim& claim, const Delete& command, const DecideContext& context);
DecideResult Decide(const SubnetClaim& claim, const Observed& seen, const DecideContext& context);
DecideResult Decide(const SubnetClaim& claim, const Outcome& outcome, const DecideContext& context);

void Evolve(SubnetClaim& claim, const SubnetClaimSubnetNamed& event);
void Evolve(SubnetClaim& claim, const SubnetClaimSubnetConfirmed& event);
void Evolve(SubnetClaim& claim, const SubnetClaimSubnetSeen& event);
void Evolve(SubnetClaim& claim, const SubnetClaimReadied& event);
void Evolve(SubnetClaim& claim, const SubnetClaimUnreadied& event);
void Evolve(SubnetClaim& claim, const CascadeRequested& event);

const KindInfo& SubnetClaimKind();

}  // namespace sluice
