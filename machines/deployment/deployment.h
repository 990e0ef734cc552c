// deployment: a number of instances of one template at one location.
//
// It finds a location, makes the networks' bindings, and brings its instances to what is wanted by
// the order of instance control (control/plan.h). What the plan is made of is kept as reports come:
// each instance is filed under the one set its state belongs to (members.h), so a decision costs
// the same with three instances as with a thousand; only a new spec files all of them anew.
//
// Which actions are carried out is the manager's (manager.h): in ordinal order here, by the set of
// members for pools.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "events/deployment.gen.h"
#include "events/registry.gen.h"
#include "machines/common/define_kind.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {

struct DeploymentMachine {
  using State = Entity<DeploymentState>;
  using Apply = DeploymentApply;
  using Create = DeploymentCreate;
  using Created = DeploymentCreated;
  using SpecChanged = DeploymentSpecChanged;
  using Commands = TypeList<EvictInstances, ContinueDeployment, MembersFound, ClaimEnsured,
                            ClaimRefused, AddressReleased>;
  using OnAbsent = TypeList<>;
  using Events =
      TypeList<LocationSearchChanged, DeploymentScheduled, DeploymentBecameAvailable,
               DeploymentBecameUnavailable, DeploymentNetworkChanged, DeploymentNetworkTold,
               DeploymentContinuation, MemberChanged, MemberGone, OrdinalChanged, DeploymentPlanned,
               AttachmentChanged, DeploymentBackOffsChanged>;
  using Phase = DeploymentPhase;
  static constexpr std::string_view kName = "deployment";
  static constexpr std::string_view kPlural = "deployments";
  static constexpr std::string_view kCamel = "Deployment";
  static constexpr Phase kInitialPhase = Phase::kScheduling;
  static constexpr std::array<std::string_view, 2> kInitialConditions = {"Available", "Scheduled"};
  static constexpr std::array<std::string_view, 1> kOtherConditions = {"Healthy"};
  static constexpr Transitions<Phase, 9> kTransitions = {{
      {Phase::kAbsent, "DeploymentCreated", Phase::kScheduling},
      {Phase::kDeleted, "DeploymentCreated", Phase::kScheduling},
      {Phase::kScheduling, "DeploymentScheduled", Phase::kProvisioning},
      {Phase::kProvisioning, "DeploymentBecameAvailable", Phase::kAvailable},
      {Phase::kAvailable, "DeploymentBecameUnavailable", Phase::kProvisioning},
      {Phase::kScheduling, "DeletionRequested", Phase::kDeleting},
      {Phase::kProvisioning, "DeletionRequested", Phase::kDeleting},
      {Phase::kAvailable, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static constexpr CollectionId kMembers = 1;   // ordinal -> DeploymentMember
  static constexpr CollectionId kNames = 2;     // instance's name -> MemberName
  static constexpr CollectionId kOrdinals = 3;  // ordinal -> OrdinalItem
  static constexpr CollectionId kDue = 4;       // time, ordinal: a back-off that ends
  // The sets of the plan. By ordinal, or, where the highest goes first, by kHighest - ordinal.
  static constexpr CollectionId kMissing = 5;
  static constexpr CollectionId kWaiting = 6;
  static constexpr CollectionId kStale = 7;     // not ready, on another template
  static constexpr CollectionId kOutdated = 8;  // ready, on another template; highest first
  static constexpr CollectionId kTerminal = 9;  // highest first
  static constexpr CollectionId kSurplus = 10;  // highest first
  static constexpr CollectionId kFaults = 11;   // severity, ordinal
  static constexpr CollectionId kGated = 12;    // those that wait for their network
  static constexpr CollectionId kSteady = 13;   // pools: ready on this template; highest first
  static constexpr CollectionId kLeaving = 14;  // pools: asked to go

  static void Default(DeploymentSpec& spec, const DecideContext& context);
  static void Validate(const DeploymentSpec& spec, FieldErrors& errors);
  static void KeepPresent(DeploymentSpec& spec, const DeploymentSpec& present);
  static void CheckImmutable(const DeploymentSpec& before, const DeploymentSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<DeploymentMachine>& draft);
  static AnyTable Detail(const State& state);
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::vector<Column> Columns();
};

using Deployment = DeploymentMachine::State;
using DeploymentDraft = Draft<DeploymentMachine>;

// observe.cc
DecideResult Decide(const Deployment&, const Observed&, const DecideContext&);
DecideResult Decide(const Deployment&, const Outcome&, const DecideContext&);
DecideResult Decide(const Deployment&, const TimerDue&, const DecideContext&);
DecideResult Decide(const Deployment&, const ContinueDeployment&, const DecideContext&);
DecideResult Decide(const Deployment&, const MembersFound&, const DecideContext&);
DecideResult Decide(const Deployment& deployment, const AttachmentAnswer auto& answer,
                    const DecideContext& context) {
  return DecideForAttachments<DeploymentMachine>(deployment, answer, context).value_or(Ignore());
}

// pool/pool.cc
DecideResult Decide(const Deployment&, const EvictInstances&, const DecideContext&);

// evolve.cc
void Evolve(Deployment&, const DeploymentCreated&, const EventContext&);
void Evolve(Deployment&, const DeploymentSpecChanged&);
void Evolve(Deployment&, const DeletionRequested&, const EventContext&);
void Evolve(Deployment&, const LocationSearchChanged&);
void Evolve(Deployment&, const DeploymentScheduled&, const EventContext&);
void Evolve(Deployment&, const DeploymentBecameAvailable&, const EventContext&);
void Evolve(Deployment&, const DeploymentBecameUnavailable&, const EventContext&);
void Evolve(Deployment&, const DeploymentNetworkChanged&);
void Evolve(Deployment&, const DeploymentNetworkTold&);
void Evolve(Deployment&, const DeploymentContinuation&);
void Evolve(Deployment&, const MemberChanged&);
void Evolve(Deployment&, const MemberGone&);
void Evolve(Deployment&, const OrdinalChanged&);
void Evolve(Deployment&, const DeploymentPlanned&);
void Evolve(Deployment&, const DeploymentBackOffsChanged&);
void Evolve(Deployment&, const AttachmentChanged&);

const KindInfo& DeploymentKind();

}  // namespace sluice
