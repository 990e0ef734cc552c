// pullrequest: a pull request that moves through a label workflow at GitHub, mirrored here.
//
// GitHub is the source of truth: its facts and labels are adopted (observe.cc), then the rules
// decide. What is decided here and GitHub does not show yet is a LabelChange in state; the actions
// that carry it out, one label each, are derived from it. So is the read (FetchPullRequest) that
// begins every sync, and the merge.
//
// Invariants: at most one of reading, labelling and merging is pending at a time; only labels named
// by the six states are ever added or removed; nothing is merged but the commit the rules passed
// for; of two objects for one pull request, in two namespaces, one acts (tracking.cc).
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "events/delivery.gen.h"
#include "events/registry.gen.h"
#include "machines/common/define_kind.h"
#include "machines/pullrequest/transitions.h"

namespace sluice {

inline constexpr std::string_view kGitHubLocation =
    "github";  // Provider, and its lease's location.
inline constexpr std::string_view kPullRequestIndex = "pullRequest";

struct PullRequestMachine {
  using State = Entity<PullRequestState>;
  using Apply = PullRequestApply;
  using Created = PullRequestCreated;
  using SpecChanged = PullRequestSpecChanged;
  using Commands = TypeList<ObserveGitHub, ReportLabel, ReportMerge, ReportFetchFailed,
                            EnsureConsistency, RefreshPullRequest, RetryPullRequest, ClaimAnswered>;
  using OnAbsent = TypeList<ClaimAnswered>;
  using Events =
      TypeList<FetchAsked, FetchAnswered, GitHubObserved, StateCorrected, LabelConflictFound,
               LabelRecovered, LabelContested, LabelHoldEnded, LabelChangeDecided,
               LabelChangeSettled, LabelReported, SyncFailed, SyncRetryDue, SyncRecorded,
               ConsistencyRecorded, QualificationDecided, MonitorAsked, MonitorMade, MonitorRefused,
               MonitorSeen, MonitorDeletionAsked, GitHubLeaseSeen, PullRequestQualified,
               PullRequestDisqualified, MergeStarted, PullRequestMerged, MergeFailed,
               PullRequestRetried, PullRequestClosed, PullRequestReopened, CorrectedToDiscovered,
               CorrectedToQualified, CorrectedToMerging, CorrectedToFailed, CorrectedToMerged,
               TrackingAsked, TrackingGranted, TrackingRefused>;
  using Phase = PullRequestPhase;
  static constexpr std::string_view kName = "pullrequest";
  static constexpr std::string_view kPlural = "pullrequests";
  static constexpr std::string_view kCamel = "PullRequest";
  static constexpr Phase kInitialPhase = Phase::kDiscovered;
  static constexpr std::array<std::string_view, 4> kInitialConditions = {"Synced", "Qualified",
                                                                         "Merged", "Conflict"};
  static constexpr std::array<std::string_view, 1> kOtherConditions = {"Drifted"};
  static constexpr auto kTransitions = pullrequest::kTransitions;

  static void Validate(const PullRequestSpec& spec, FieldErrors& errors);
  static void CheckImmutable(const PullRequestSpec& before, const PullRequestSpec& after,
                             FieldErrors& errors);
  static void Settle(Draft<PullRequestMachine>& draft);
  static std::vector<PendingAction> Pending(const State& state);
  static AnyTable Detail(const State& state);
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::vector<Column> Columns();
};

using PullRequest = PullRequestMachine::State;

// "acme--shop--42"; over 63 characters it ends in a hash. Empty when `repository` is none.
std::string PullRequestName(std::string_view repository, int64_t number);
// What it is indexed under: "acme/shop#42", in lower case, as GitHub compares.
std::string PullRequestIndexValue(std::string_view repository, int64_t number);

// spec.cc
DecideResult Decide(const PullRequest&, const PullRequestApply&, const DecideContext&);
// observe.cc
DecideResult Decide(const PullRequest&, const ObserveGitHub&, const DecideContext&);
// reports.cc
DecideResult Decide(const PullRequest&, const ReportLabel&, const DecideContext&);
DecideResult Decide(const PullRequest&, const ReportMerge&, const DecideContext&);
DecideResult Decide(const PullRequest&, const ReportFetchFailed&, const DecideContext&);
DecideResult Decide(const PullRequest&, const EnsureConsistency&, const DecideContext&);
DecideResult Decide(const PullRequest&, const RefreshPullRequest&, const DecideContext&);
DecideResult Decide(const PullRequest&, const RetryPullRequest&, const DecideContext&);
// monitors.cc
DecideResult Decide(const PullRequest&, const Observed&, const DecideContext&);
DecideResult Decide(const PullRequest&, const Outcome&, const DecideContext&);

// tracking.cc
DecideResult Decide(const PullRequest&, const ClaimAnswered&, const DecideContext&);

// evolve.cc: what is kept.
void Evolve(PullRequest&, const PullRequestCreated&, const EventContext&);
void Evolve(PullRequest&, const PullRequestSpecChanged&);
void Evolve(PullRequest&, const FetchAsked&, const EventContext&);
void Evolve(PullRequest&, const FetchAnswered&, const EventContext&);
void Evolve(PullRequest&, const GitHubObserved&);
void Evolve(PullRequest&, const StateCorrected&);
void Evolve(PullRequest&, const LabelConflictFound&);
void Evolve(PullRequest&, const LabelRecovered&);
void Evolve(PullRequest&, const LabelContested&, const EventContext&);
void Evolve(PullRequest&, const LabelHoldEnded&);
void Evolve(PullRequest&, const LabelChangeDecided&);
void Evolve(PullRequest&, const LabelChangeSettled&);
void Evolve(PullRequest&, const LabelReported&);
void Evolve(PullRequest&, const SyncFailed&);
void Evolve(PullRequest&, const SyncRetryDue&);
void Evolve(PullRequest&, const SyncRecorded&);
void Evolve(PullRequest&, const ConsistencyRecorded&);
void Evolve(PullRequest&, const QualificationDecided&);
void Evolve(PullRequest&, const MonitorAsked&);
void Evolve(PullRequest&, const MonitorMade&);
void Evolve(PullRequest&, const MonitorRefused&);
void Evolve(PullRequest&, const MonitorSeen&);
void Evolve(PullRequest&, const MonitorDeletionAsked&);
void Evolve(PullRequest&, const GitHubLeaseSeen&);
void Evolve(PullRequest&, const TrackingAsked&);
void Evolve(PullRequest&, const TrackingGranted&);
void Evolve(PullRequest&, const TrackingRefused&);
// evolve_phase.cc: where it is.
void Evolve(PullRequest&, const PullRequestQualified&, const EventContext&);
void Evolve(PullRequest&, const PullRequestDisqualified&, const EventContext&);
void Evolve(PullRequest&, const MergeStarted&, const EventContext&);
void Evolve(PullRequest&, const PullRequestMerged&, const EventContext&);
void Evolve(PullRequest&, const MergeFailed&, const EventContext&);
void Evolve(PullRequest&, const PullRequestRetried&, const EventContext&);
void Evolve(PullRequest&, const PullRequestClosed&, const EventContext&);
void Evolve(PullRequest&, const PullRequestReopened&, const EventContext&);
void Evolve(PullRequest&, const CorrectedToDiscovered&, const EventContext&);
void Evolve(PullRequest&, const CorrectedToQualified&, const EventContext&);
void Evolve(PullRequest&, const CorrectedToMerging&, const EventContext&);
void Evolve(PullRequest&, const CorrectedToFailed&, const EventContext&);
void Evolve(PullRequest&, const CorrectedToMerged&, const EventContext&);

const KindInfo& PullRequestKind();

}  // namespace sluice
