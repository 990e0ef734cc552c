// subnet: a prefix inside a context's block, programmed by the location's provider, out of which
// interfaces get addresses. Rules and tests: README.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "events/network.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct SubnetMachine {
  using State = Entity<SubnetState>;
  using Apply = SubnetApply;
  using Create = SubnetCreate;
  using Created = SubnetCreated;
  using SpecChanged = SubnetSpecChanged;
  using Commands = TypeList<AcquireAddress, ReleaseAddress, PrefixGranted, PrefixRefused,
                            NetworkReportProgrammed, ContinueCascade>;
  using OnAbsent = TypeList<AcquireAddress, ReleaseAddress>;
  using Events =
      TypeList<SubnetContextChanged, SubnetReadied, SubnetUnreadied, SubnetHoldersChanged,
               PrefixAsked, PrefixHeld, PrefixDenied, PrefixReturned, PrefixAssigned,
               PrefixUnassigned, RetryChanged, ProgrammingReported, CascadeRequested>;
  using Phase = SubnetPhase;
  static constexpr std::string_view kName = "subnet";
  static constexpr std::string_view kPlural = "subnets";
  static constexpr std::string_view kCamel = "Subnet";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 3> kInitialConditions = {"Allocated", "Programmed",
                                                                         "Ready"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "SubnetCreated", Phase::kPending},
      {Phase::kDeleted, "SubnetCreated", Phase::kPending},
      {Phase::kPending, "SubnetReadied", Phase::kReady},
      {Phase::kReady, "SubnetUnreadied", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
  // kAllocatorCollection: addresses, the reserved ones under claims without a holder.

  static void Default(SubnetSpec& spec, const DecideContext& context);
  static void Validate(const SubnetSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const SubnetSpec& before, const SubnetSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<SubnetMachine>& draft);
  static void Cascade(Draft<SubnetMachine>& draft, const std::string& cursor);
  static std::vector<PendingAction> Pending(const State& state);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using Subnet = SubnetMachine::State;

DecideResult Decide(const Subnet& subnet, const Delete& command, const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const ContinueCascade& command,
                    const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const TimerDue& timer, const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const Observed& seen, const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const Outcome& outcome, const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const AcquireAddress& command,
                    const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const ReleaseAddress& command,
                    const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const PrefixGranted& answer,
                    const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const PrefixRefused& answer,
                    const DecideContext& context);
DecideResult Decide(const Subnet& subnet, const NetworkReportProgrammed& report,
                    const DecideContext& context);

void Evolve(Subnet& subnet, const SubnetContextChanged& event);
void Evolve(Subnet& subnet, const SubnetReadied& event);
void Evolve(Subnet& subnet, const SubnetUnreadied& event);
void Evolve(Subnet& subnet, const SubnetHoldersChanged& event);
void Evolve(Subnet& subnet, const PrefixAsked& event);
void Evolve(Subnet& subnet, const PrefixHeld& event);
void Evolve(Subnet& subnet, const PrefixDenied& event);
void Evolve(Subnet& subnet, const PrefixReturned& event);
void Evolve(Subnet& subnet, const PrefixAssigned& event);
void Evolve(Subnet& subnet, const PrefixUnassigned& event);
void Evolve(Subnet& subnet, const RetryChanged& event);
void Evolve(Subnet& subnet, const ProgrammingReported& event);
void Evolve(Subnet& subnet, const CascadeRequested& event);

// The addresses nobody gets: claim and address. IPv4: the network's, the gateway (the first host),
// the broadcast. IPv6: the subnet-router anycast address (RFC 4291) and the gateway.
struct ReservedAddress {
  std::string claim;
  std::string address;
};
std::vector<ReservedAddress> ReservedAddresses(const std::string& prefix);
// Empty for no prefix.
std::string GatewayOf(const std::string& prefix);
// No address is left.
bool IsFull(const Subnet& subnet);

const KindInfo& SubnetKind();

}  // namespace sluice
