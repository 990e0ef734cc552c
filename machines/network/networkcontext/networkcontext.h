// networkcontext: a network at one location. Takes a block of the network's range, is programmed by
// the location's provider, keeps its claims and gives their subnets blocks. Rules and tests:
// README.md.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "events/network.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct NetworkContextMachine {
  using State = Entity<NetworkContextState>;
  using Apply = NetworkContextApply;
  using Create = NetworkContextCreate;
  using Created = NetworkContextCreated;
  using SpecChanged = NetworkContextSpecChanged;
  using Commands = TypeList<EnsureClaim, AnswerRequests, AcquirePrefix, ReleasePrefix,
                            PrefixGranted, PrefixRefused, NetworkReportProgrammed, ContinueCascade>;
  using OnAbsent = TypeList<EnsureClaim, AcquirePrefix, ReleasePrefix>;
  using Events = TypeList<NetworkContextNetworkSeen, NetworkContextReadied, NetworkContextUnreadied,
                          ContextClaimAdded, ContextClaimConfirmed, ContextClaimSeen,
                          ContextClaimRemoved, ContextClaimRequested, ContextClaimAnswered,
                          PrefixAsked, PrefixHeld, PrefixDenied, PrefixReturned, PrefixAssigned,
                          PrefixUnassigned, RetryChanged, ProgrammingReported, CascadeRequested>;
  using Phase = NetworkContextPhase;
  static constexpr std::string_view kName = "networkcontext";
  static constexpr std::string_view kPlural = "networkcontexts";
  static constexpr std::string_view kCamel = "NetworkContext";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 3> kInitialConditions = {"Allocated", "Programmed",
                                                                         "Ready"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "NetworkContextCreated", Phase::kPending},
      {Phase::kDeleted, "NetworkContextCreated", Phase::kPending},
      {Phase::kPending, "NetworkContextReadied", Phase::kReady},
      {Phase::kReady, "NetworkContextUnreadied", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static constexpr CollectionId kClaims = 1;      // big-endian ordinal -> SubnetClaimItem
  static constexpr CollectionId kClaimNames = 2;  // entity key of a claim -> its ordinal
  static constexpr CollectionId kFitting = 3;     // class, 0, family, 0, ordinal: not full
  static constexpr CollectionId kFailing = 4;     // ordinal: can't be had
  static constexpr CollectionId kRequests = 5;    // ordinal, interface, requester: not answered yet
  static constexpr CollectionId kOutcomes = 6;    // big-endian number -> ordinal
  // kAllocatorCollection: the blocks of subnets.

  static void Validate(const NetworkContextSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const NetworkContextSpec& before, const NetworkContextSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<NetworkContextMachine>& draft);
  static void Cascade(Draft<NetworkContextMachine>& draft, const std::string& cursor);
  static std::vector<PendingAction> Pending(const State& state);
  static AnyTable Detail(const State& state);
  static std::vector<Column> Columns();
};

using NetworkContext = NetworkContextMachine::State;

DecideResult Decide(const NetworkContext& context, const Delete& command,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const ContinueCascade& command,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const TimerDue& timer,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const Observed& seen,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const Outcome& outcome,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const EnsureClaim& command,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const AnswerRequests& command,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const AcquirePrefix& command,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const ReleasePrefix& command,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const PrefixGranted& answer,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const PrefixRefused& answer,
                    const DecideContext& decide);
DecideResult Decide(const NetworkContext& context, const NetworkReportProgrammed& report,
                    const DecideContext& decide);

void Evolve(NetworkContext& context, const NetworkContextNetworkSeen& event);
void Evolve(NetworkContext& context, const NetworkContextReadied& event);
void Evolve(NetworkContext& context, const NetworkContextUnreadied& event);
void Evolve(NetworkContext& context, const ContextClaimAdded& event);
void Evolve(NetworkContext& context, const ContextClaimConfirmed& event);
void Evolve(NetworkContext& context, const ContextClaimSeen& event);
void Evolve(NetworkContext& context, const ContextClaimRemoved& event);
void Evolve(NetworkContext& context, const ContextClaimRequested& event);
void Evolve(NetworkContext& context, const ContextClaimAnswered& event);
void Evolve(NetworkContext& context, const PrefixAsked& event);
void Evolve(NetworkContext& context, const PrefixHeld& event);
void Evolve(NetworkContext& context, const PrefixDenied& event);
void Evolve(NetworkContext& context, const PrefixReturned& event);
void Evolve(NetworkContext& context, const PrefixAssigned& event);
void Evolve(NetworkContext& context, const PrefixUnassigned& event);
void Evolve(NetworkContext& context, const RetryChanged& event);
void Evolve(NetworkContext& context, const ProgrammingReported& event);
void Evolve(NetworkContext& context, const CascadeRequested& event);

std::string FittingKey(std::string_view subnet_class, std::string_view family, uint64_t ordinal);
std::string RequestKey(uint64_t ordinal, uint32_t interface, std::string_view requester);

const KindInfo& NetworkContextKind();

}  // namespace sluice
