// The transition table of a pull request: the legal moves of the label workflow, and the jumps that
// are adopted from GitHub all the same, each with a StateCorrected.
#pragma once

#include <array>

#include "events/delivery.gen.h"
#include "machines/common/transitions.h"

namespace sluice::pullrequest {

using Phase = PullRequestPhase;

inline constexpr Transitions<Phase, 31> kTransitions = {{
    {Phase::kAbsent, "PullRequestCreated", Phase::kDiscovered},
    {Phase::kDeleted, "PullRequestCreated", Phase::kDiscovered},
    {Phase::kDiscovered, "PullRequestQualified", Phase::kQualified},
    {Phase::kQualified, "PullRequestDisqualified", Phase::kDiscovered},
    {Phase::kQualified, "MergeStarted", Phase::kMerging},
    {Phase::kMerging, "PullRequestMerged", Phase::kMerged},
    {Phase::kMerging, "MergeFailed", Phase::kFailed},
    {Phase::kFailed, "PullRequestRetried", Phase::kDiscovered},
    {Phase::kDiscovered, "PullRequestClosed", Phase::kClosed},
    {Phase::kQualified, "PullRequestClosed", Phase::kClosed},
    {Phase::kMerging, "PullRequestClosed", Phase::kClosed},
    {Phase::kFailed, "PullRequestClosed", Phase::kClosed},
    {Phase::kClosed, "PullRequestReopened", Phase::kDiscovered},
    // Jumps: no way between the two, and GitHub has gone it.
    {Phase::kMerging, "CorrectedToDiscovered", Phase::kDiscovered},
    {Phase::kMerging, "CorrectedToQualified", Phase::kQualified},
    {Phase::kFailed, "CorrectedToQualified", Phase::kQualified},
    {Phase::kDiscovered, "CorrectedToMerging", Phase::kMerging},
    {Phase::kFailed, "CorrectedToMerging", Phase::kMerging},
    {Phase::kDiscovered, "CorrectedToFailed", Phase::kFailed},
    {Phase::kQualified, "CorrectedToFailed", Phase::kFailed},
    {Phase::kDiscovered, "CorrectedToMerged", Phase::kMerged},
    {Phase::kQualified, "CorrectedToMerged", Phase::kMerged},
    {Phase::kFailed, "CorrectedToMerged", Phase::kMerged},
    {Phase::kClosed, "CorrectedToMerged", Phase::kMerged},
    {Phase::kDiscovered, "DeletionRequested", Phase::kDeleting},
    {Phase::kQualified, "DeletionRequested", Phase::kDeleting},
    {Phase::kMerging, "DeletionRequested", Phase::kDeleting},
    {Phase::kFailed, "DeletionRequested", Phase::kDeleting},
    {Phase::kMerged, "DeletionRequested", Phase::kDeleting},
    {Phase::kClosed, "DeletionRequested", Phase::kDeleting},
    {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
}};

// Whether the label workflow itself goes from one to the other.
constexpr bool IsLegal(Phase from, Phase to) {
  switch (to) {
    case Phase::kDiscovered:
      return from == Phase::kQualified || from == Phase::kFailed || from == Phase::kClosed;
    case Phase::kQualified:
      return from == Phase::kDiscovered;
    case Phase::kMerging:
      return from == Phase::kQualified;
    case Phase::kFailed:
    case Phase::kMerged:
      return from == Phase::kMerging;
    case Phase::kClosed:
      return from != Phase::kMerged && from != Phase::kClosed;
    case Phase::kAbsent:
    case Phase::kDeleting:
    case Phase::kDeleted:
      return false;
  }
  return false;
}

}  // namespace sluice::pullrequest
