// binding: the durable thing callers know, over instances that come and go.
//
// Commands record facts (an observation, an answer); Settle then applies the rules of the page in
// their order and moves the phase. A restart at any point resumes from the state alone: what is
// asked of others is in it by outcome number, what waits by timer.
//
// Invariants, checked after every decision (CheckInvariants, settle.cc):
//  1. At most one active instance and at most one candidate; a name stands in one place only.
//  2. What is active exists: it was confirmed by its creation, adoption or an observation of it.
//  3. Nothing rests in CuttingOver.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "events/binding.gen.h"
#include "events/registry.gen.h"
#include "events/replace.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct BindingMachine {
  using State = Entity<BindingState>;
  using Apply = BindingApply;
  using Created = BindingCreated;
  using SpecChanged = BindingSpecChanged;
  using Commands = TypeList<BindingReconcile, ClaimAnswered, ReplaceBound>;
  using OnAbsent = TypeList<ClaimAnswered>;
  using Events =
      TypeList<BindingKeyAsked, BindingKeyGranted, BindingKeyRefused, TargetChanged, AdoptionAsked,
               AdopteeObserved, InstanceAdopted, AdoptionRefused, AdoptionFoundNothing,
               CandidateChosen, CandidateRequested, CandidateRetargeted, CandidateCreated,
               CandidateRefused, CandidateNameTaken, CandidateWithdrawn, CandidateObserved,
               CandidateVanished, CandidateOverdue, CandidateFailed, CandidatePromoted,
               ActiveObserved, ActiveFailed, ActiveVanished, CleanupQueued, CleanupObserved,
               CleanupRequested, CleanupAccepted, CleanupRefused, CleanupFinished, RetriesHastened,
               BindingResumed, RolloutStarted, CandidateAwaited, CutoverStarted, CutoverCompleted,
               BindingSettled, BindingDegraded, BindingFailed>;
  using Phase = BindingPhase;
  static constexpr std::string_view kName = "binding";
  static constexpr std::string_view kPlural = "bindings";
  static constexpr std::string_view kCamel = "Binding";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 6> kInitialConditions = {
      "Ready",        "Progressing",    "CandidateReady",
      "CutoverReady", "CleanupBlocked", "AdoptionBlocked"};
  static constexpr Transitions<Phase, 54> kTransitions = {{
      {Phase::kAbsent, "BindingCreated", Phase::kPending},
      {Phase::kDeleted, "BindingCreated", Phase::kPending},

      {Phase::kCreating, "BindingResumed", Phase::kPending},
      {Phase::kWaitingReady, "BindingResumed", Phase::kPending},
      {Phase::kCleaningUp, "BindingResumed", Phase::kPending},
      {Phase::kReady, "BindingResumed", Phase::kPending},
      {Phase::kDegraded, "BindingResumed", Phase::kPending},
      {Phase::kFailed, "BindingResumed", Phase::kPending},

      {Phase::kPending, "RolloutStarted", Phase::kCreating},
      {Phase::kWaitingReady, "RolloutStarted", Phase::kCreating},
      {Phase::kCleaningUp, "RolloutStarted", Phase::kCreating},
      {Phase::kReady, "RolloutStarted", Phase::kCreating},
      {Phase::kDegraded, "RolloutStarted", Phase::kCreating},
      {Phase::kFailed, "RolloutStarted", Phase::kCreating},

      {Phase::kPending, "CandidateAwaited", Phase::kWaitingReady},
      {Phase::kCreating, "CandidateAwaited", Phase::kWaitingReady},
      {Phase::kCleaningUp, "CandidateAwaited", Phase::kWaitingReady},
      {Phase::kReady, "CandidateAwaited", Phase::kWaitingReady},
      {Phase::kDegraded, "CandidateAwaited", Phase::kWaitingReady},
      {Phase::kFailed, "CandidateAwaited", Phase::kWaitingReady},

      {Phase::kPending, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kCreating, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kWaitingReady, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kCleaningUp, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kReady, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kDegraded, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kFailed, "CutoverStarted", Phase::kCuttingOver},
      {Phase::kCuttingOver, "CutoverCompleted", Phase::kCleaningUp},

      {Phase::kPending, "BindingSettled", Phase::kReady},
      {Phase::kCreating, "BindingSettled", Phase::kReady},
      {Phase::kWaitingReady, "BindingSettled", Phase::kReady},
      {Phase::kCleaningUp, "BindingSettled", Phase::kReady},
      {Phase::kDegraded, "BindingSettled", Phase::kReady},
      {Phase::kFailed, "BindingSettled", Phase::kReady},

      {Phase::kPending, "BindingDegraded", Phase::kDegraded},
      {Phase::kCreating, "BindingDegraded", Phase::kDegraded},
      {Phase::kWaitingReady, "BindingDegraded", Phase::kDegraded},
      {Phase::kCleaningUp, "BindingDegraded", Phase::kDegraded},
      {Phase::kReady, "BindingDegraded", Phase::kDegraded},
      {Phase::kFailed, "BindingDegraded", Phase::kDegraded},

      {Phase::kPending, "BindingFailed", Phase::kFailed},
      {Phase::kCreating, "BindingFailed", Phase::kFailed},
      {Phase::kWaitingReady, "BindingFailed", Phase::kFailed},
      {Phase::kCleaningUp, "BindingFailed", Phase::kFailed},
      {Phase::kReady, "BindingFailed", Phase::kFailed},
      {Phase::kDegraded, "BindingFailed", Phase::kFailed},

      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kCreating, "DeletionRequested", Phase::kDeleting},
      {Phase::kWaitingReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kCleaningUp, "DeletionRequested", Phase::kDeleting},
      {Phase::kReady, "DeletionRequested", Phase::kDeleting},
      {Phase::kDegraded, "DeletionRequested", Phase::kDeleting},
      {Phase::kFailed, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static void Default(BindingSpec& spec, const DecideContext& context);
  static void Validate(const BindingSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const BindingSpec& before, const BindingSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<BindingMachine>& draft);
  static AnyTable Detail(const State& state);
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::vector<Column> Columns();
};

using Binding = BindingMachine::State;
using BindingDraft = Draft<BindingMachine>;

// lastErrorCode, and reasons of Progressing and what is derived from it: wire names.
inline constexpr std::string_view kCandidateCreating = "candidate_creating";
inline constexpr std::string_view kCandidateNotReady = "candidate_not_ready";
inline constexpr std::string_view kCandidateOutdated = "candidate_outdated";
inline constexpr std::string_view kCandidateCreateFailed = "candidate_create_failed";
inline constexpr std::string_view kCleanupPending = "cleanup_pending";
inline constexpr std::string_view kCleanupFailed = "cleanup_failed";
inline constexpr std::string_view kAdoptionBlocked = "adoption_blocked";

DecideResult Decide(const Binding& binding, const BindingReconcile& command,
                    const DecideContext& context);
DecideResult Decide(const Binding& binding, const ClaimAnswered& command,
                    const DecideContext& context);
DecideResult Decide(const Binding& binding, const ReplaceBound& command,
                    const DecideContext& context);
DecideResult Decide(const Binding& binding, const Observed& command, const DecideContext& context);
DecideResult Decide(const Binding& binding, const Outcome& command, const DecideContext& context);

void Evolve(Binding& binding, const BindingCreated& event, const EventContext& context);
void Evolve(Binding& binding, const BindingKeyAsked& event);
void Evolve(Binding& binding, const BindingKeyGranted& event);
void Evolve(Binding& binding, const BindingKeyRefused& event);
void Evolve(Binding& binding, const TargetChanged& event);
void Evolve(Binding& binding, const AdoptionAsked& event);
void Evolve(Binding& binding, const AdopteeObserved& event);
void Evolve(Binding& binding, const InstanceAdopted& event, const EventContext& context);
void Evolve(Binding& binding, const AdoptionRefused& event);
void Evolve(Binding& binding, const AdoptionFoundNothing& event);
void Evolve(Binding& binding, const CandidateChosen& event, const EventContext& context);
void Evolve(Binding& binding, const CandidateRequested& event);
void Evolve(Binding& binding, const CandidateRetargeted& event, const EventContext& context);
void Evolve(Binding& binding, const CandidateCreated& event);
void Evolve(Binding& binding, const CandidateRefused& event);
void Evolve(Binding& binding, const CandidateNameTaken& event);
void Evolve(Binding& binding, const CandidateWithdrawn& event);
void Evolve(Binding& binding, const CandidateObserved& event);
void Evolve(Binding& binding, const CandidateVanished& event);
void Evolve(Binding& binding, const CandidateOverdue& event);
void Evolve(Binding& binding, const CandidateFailed& event);
void Evolve(Binding& binding, const CandidatePromoted& event);
void Evolve(Binding& binding, const ActiveObserved& event);
void Evolve(Binding& binding, const ActiveFailed& event);
void Evolve(Binding& binding, const ActiveVanished& event);
void Evolve(Binding& binding, const CleanupQueued& event);
void Evolve(Binding& binding, const CleanupObserved& event);
void Evolve(Binding& binding, const CleanupRequested& event);
void Evolve(Binding& binding, const CleanupAccepted& event);
void Evolve(Binding& binding, const CleanupRefused& event);
void Evolve(Binding& binding, const CleanupFinished& event);
void Evolve(Binding& binding, const RetriesHastened& event);
void Evolve(Binding& binding, const BindingResumed& event, const EventContext& context);
void Evolve(Binding& binding, const RolloutStarted& event, const EventContext& context);
void Evolve(Binding& binding, const CandidateAwaited& event, const EventContext& context);
void Evolve(Binding& binding, const CutoverStarted& event, const EventContext& context);
void Evolve(Binding& binding, const CutoverCompleted& event, const EventContext& context);
void Evolve(Binding& binding, const BindingSettled& event, const EventContext& context);
void Evolve(Binding& binding, const BindingDegraded& event, const EventContext& context);
void Evolve(Binding& binding, const BindingFailed& event, const EventContext& context);

const KindInfo& BindingKind();

}  // namespace sluice
