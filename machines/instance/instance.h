// instance: one thing that runs, from its gates to its end.
//
// A provider's reports are kept one per sort, in any order; the phase is the first step that is not
// yet true (rules.h), unless the instance is being stopped, expires or has failed. Everything that
// follows from what is kept - phase, conditions, timers, the location it observes, its network - is
// derived by Settle; pending actions are derived from state alone.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "events/announcement.gen.h"
#include "events/instance.gen.h"
#include "events/replace.gen.h"
#include "machines/common/define_kind.h"
#include "machines/instance/transitions.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {

inline constexpr std::string_view kNetworkGate = "Network";
inline constexpr const char* kRevisionAnnotation = "sluice.dev/target-revision";
inline constexpr const char* kRoleAnnotation = "sluice.dev/binding-instance-role";
// Where its phase changes are announced: http:// or https://.
inline constexpr const char* kNotifyAnnotation = "sluice.dev/notify-url";
inline constexpr const char* kSshKeysAnnotation = "compute.datumapis.com/ssh-keys";

struct InstanceMachine {
  using State = Entity<InstanceState>;
  using Apply = InstanceApply;
  using Create = InstanceCreate;
  using Created = InstanceCreated;
  using SpecChanged = InstanceSpecChanged;
  using Commands =
      TypeList<AdoptInstance, AddGate, ClearGate, StartInstance, StopInstance, RestartInstance,
               Touch, InstanceReportProgrammed, InstanceReportRunning, InstanceReportReadiness,
               InstanceReportStopped, InstanceReportFailed, InstanceReportDeleted, ClaimEnsured,
               ClaimRefused, AddressGranted, AddressRefused, AddressReleased, InstanceReplace,
               CreateReplacement, ConfirmReplacement, RefuseReplacementName, ClaimInstance,
               ReleaseInstance, TellNetwork>;
  // A source's reservations outlive it; a server may claim what is not there yet.
  using OnAbsent = TypeList<InstanceReplace, CreateReplacement, ConfirmReplacement,
                            RefuseReplacementName, Outcome, ClaimInstance>;
  using Events =
      TypeList<GateAdded, GateCleared, ProgrammedReported, RunningReported, ReadinessReported,
               StoppedReported, FailureReported, RemovalReported, InterfacesReported,
               InstanceLeaseSeen, LocationObservationStarted, TemplateRecorded, NetworkTold,
               InstanceStartAsked, InstanceStopAsked, InstanceRestartAsked, InstanceTouched,
               RetryChanged, AttachmentChanged, InstanceGated, InstanceProgrammingStarted,
               InstanceProgrammed, InstanceStartBegan, InstanceRan, InstanceBecameReady,
               InstanceBecameUnready, InstanceRunLost, InstanceStopBegan, InstanceStopped,
               InstanceExpiryReached, InstanceExpired, InstanceFailed, ReplacementReserved,
               ReplacementAsked, ReplacementConfirmed, ReplacementAskAnswered,
               ReplacementConfirmationAsked, ReplacementConfirmationAnswered, PhaseHandedOver,
               ServerClaimKept, ServerClaimDropped, ServerHolderChanged, ServerObserved,
               ServerCreationBegan, ServerReplacementBegan, ServerRebuildBegan, ServerUpdateBegan,
               ServerActionEnded, ServerBuildFailed, ServerRebuildGivenUp, ServerRebuildAccounted>;
  using Phase = InstancePhase;
  static constexpr std::string_view kName = "instance";
  static constexpr std::string_view kPlural = "instances";
  static constexpr std::string_view kCamel = "Instance";
  static constexpr Phase kInitialPhase = Phase::kGated;
  static constexpr std::array<std::string_view, 3> kInitialConditions = {"Ready", "Programmed",
                                                                         "Running"};
  // Those of a server backend.
  static constexpr std::array<std::string_view, 5> kOtherConditions = {
      "Available", "Active", "Healthy", "Paused", "ServerConflict"};
  static constexpr auto kTransitions = instance::ExpandEdges();

  static void CheckImmutable(const InstanceSpec& before, const InstanceSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<InstanceMachine>& draft);
  static std::vector<PendingAction> Pending(const State& state);
  static AnyTable Detail(const State& state);
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::vector<Column> Columns();
  static void ValidateApply(const InstanceApply& apply, FieldErrors& errors);
};

using Instance = InstanceMachine::State;

// All faults of a manifest, paths beginning with `spec`.
void ValidateInstanceSpec(const InstanceSpec& spec,
                          const std::map<std::string, std::string>& annotations,
                          FieldErrors& errors);

// Whether each interface is on the network it was on; what is carried for others may differ.
bool AreOnTheSameNetworks(const std::vector<InstanceInterface>& before,
                          const std::vector<InstanceInterface>& after);

// decide.cc
DecideResult Decide(const Instance&, const InstanceApply&, const DecideContext&);
DecideResult Decide(const Instance&, const InstanceCreate&, const DecideContext&);
DecideResult Decide(const Instance&, const AdoptInstance&, const DecideContext&);
DecideResult Decide(const Instance&, const TellNetwork&, const DecideContext&);
DecideResult Decide(const Instance&, const AddGate&, const DecideContext&);
DecideResult Decide(const Instance&, const ClearGate&, const DecideContext&);
DecideResult Decide(const Instance&, const StartInstance&, const DecideContext&);
DecideResult Decide(const Instance&, const StopInstance&, const DecideContext&);
DecideResult Decide(const Instance&, const RestartInstance&, const DecideContext&);
DecideResult Decide(const Instance&, const Touch&, const DecideContext&);
// reports.cc
DecideResult Decide(const Instance&, const InstanceReportProgrammed&, const DecideContext&);
DecideResult Decide(const Instance&, const InstanceReportRunning&, const DecideContext&);
DecideResult Decide(const Instance&, const InstanceReportReadiness&, const DecideContext&);
DecideResult Decide(const Instance&, const InstanceReportStopped&, const DecideContext&);
DecideResult Decide(const Instance&, const InstanceReportFailed&, const DecideContext&);
DecideResult Decide(const Instance&, const InstanceReportDeleted&, const DecideContext&);
// surroundings.cc
DecideResult Decide(const Instance&, const Observed&, const DecideContext&);
DecideResult Decide(const Instance&, const Outcome&, const DecideContext&);
DecideResult Decide(const Instance&, const TimerDue&, const DecideContext&);
DecideResult Decide(const Instance& instance, const AttachmentAnswer auto& answer,
                    const DecideContext& context) {
  return DecideForAttachments<InstanceMachine>(instance, answer, context).value_or(NoChange());
}
// server_edge.cc
DecideResult Decide(const Instance&, const ClaimInstance&, const DecideContext&);
DecideResult Decide(const Instance&, const ReleaseInstance&, const DecideContext&);
DecideResult SeeServer(const Instance&, const Observed&, const DecideContext&);

// replace.cc: what is asked of a source.
DecideResult Decide(const Instance&, const InstanceReplace&, const DecideContext&);
DecideResult Decide(const Instance&, const ConfirmReplacement&, const DecideContext&);
DecideResult Decide(const Instance&, const RefuseReplacementName&, const DecideContext&);
// replacement.cc: what becomes of a replacement.
DecideResult Decide(const Instance&, const CreateReplacement&, const DecideContext&);

// evolve_replace.cc
void Evolve(Instance&, const ReplacementReserved&);
void Evolve(Instance&, const ReplacementAsked&);
void Evolve(Instance&, const ReplacementConfirmed&);
void Evolve(Instance&, const ReplacementAskAnswered&);
void Evolve(Instance&, const ReplacementConfirmationAsked&);
void Evolve(Instance&, const ReplacementConfirmationAnswered&);
// announce.cc
void Evolve(Instance&, const PhaseHandedOver&);
// evolve.cc: what is kept.
void Evolve(Instance&, const InstanceCreated&, const EventContext&);
void Evolve(Instance&, const InstanceSpecChanged&);
void Evolve(Instance&, const GateAdded&);
void Evolve(Instance&, const GateCleared&);
void Evolve(Instance&, const ProgrammedReported&);
void Evolve(Instance&, const RunningReported&);
void Evolve(Instance&, const ReadinessReported&);
void Evolve(Instance&, const StoppedReported&);
void Evolve(Instance&, const FailureReported&);
void Evolve(Instance&, const RemovalReported&);
void Evolve(Instance&, const InterfacesReported&);
void Evolve(Instance&, const InstanceLeaseSeen&);
void Evolve(Instance&, const LocationObservationStarted&);
void Evolve(Instance&, const TemplateRecorded&);
void Evolve(Instance&, const NetworkTold&);
void Evolve(Instance&, const InstanceStartAsked&, const EventContext&);
void Evolve(Instance&, const InstanceStopAsked&);
void Evolve(Instance&, const InstanceRestartAsked&, const EventContext&);
void Evolve(Instance&, const InstanceTouched&);
void Evolve(Instance&, const RetryChanged&);
void Evolve(Instance&, const AttachmentChanged&);
// evolve_phase.cc: where it is.
void Evolve(Instance&, const DeletionRequested&);
void Evolve(Instance&, const InstanceGated&, const EventContext&);
void Evolve(Instance&, const InstanceProgrammingStarted&, const EventContext&);
void Evolve(Instance&, const InstanceProgrammed&, const EventContext&);
void Evolve(Instance&, const InstanceStartBegan&, const EventContext&);
void Evolve(Instance&, const InstanceRan&, const EventContext&);
void Evolve(Instance&, const InstanceBecameReady&, const EventContext&);
void Evolve(Instance&, const InstanceBecameUnready&, const EventContext&);
void Evolve(Instance&, const InstanceRunLost&, const EventContext&);
void Evolve(Instance&, const InstanceStopBegan&, const EventContext&);
void Evolve(Instance&, const InstanceStopped&, const EventContext&);
void Evolve(Instance&, const InstanceExpiryReached&, const EventContext&);
void Evolve(Instance&, const InstanceExpired&, const EventContext&);
void Evolve(Instance&, const InstanceFailed&, const EventContext&);
// server_evolve.cc: the server behind it.
void Evolve(Instance&, const ServerClaimKept&);
void Evolve(Instance&, const ServerClaimDropped&);
void Evolve(Instance&, const ServerHolderChanged&);
void Evolve(Instance&, const ServerObserved&);
void Evolve(Instance&, const ServerCreationBegan&);
void Evolve(Instance&, const ServerReplacementBegan&);
void Evolve(Instance&, const ServerRebuildBegan&);
void Evolve(Instance&, const ServerUpdateBegan&);
void Evolve(Instance&, const ServerActionEnded&);
void Evolve(Instance&, const ServerBuildFailed&);
void Evolve(Instance&, const ServerRebuildGivenUp&);
void Evolve(Instance&, const ServerRebuildAccounted&);

const KindInfo& InstanceKind();

}  // namespace sluice
