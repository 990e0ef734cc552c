// One pass over all components of an owner (status plane, *A pass, in order* and *Converge*).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/component/component.h"

namespace sluice::component {

// A resource that counts, or a guard that blocks, as the pass found it.
struct Finding {
  std::string id;
  std::string status{};
  std::string message{};
  bool gradable = false;
  int32_t ready = 0;
  int32_t desired = 0;
};

// What the resources of one component come to.
struct Findings {
  std::vector<Finding> counted;
  std::optional<Finding> blocked;  // by its guard; those after it were skipped
  std::optional<Finding> error;    // ended the pass over this component
  std::vector<ResourceAction> applies;
  std::vector<ResourceAction> deletions;
  std::vector<ResourceAction> releases;
};

// resources.cc
Findings FindResources(const Component& component, const ComponentPart& part);
Findings FindSuspended(const Component& component, const ComponentPart& part);
// How a resource of that mode goes; empty for what is somebody else's.
std::string_view RemovalOf(ResourceMode mode);
// Of a component that is off, or of one whose object is deleted.
std::vector<ResourceAction> Removals(const Component& component, const ComponentPart& part);

// dropped.cc
// What the spec no longer has is asked to go or forgotten; what it has again was never reported.
void SettleDropped(ComponentDraft& draft);

struct Summary {
  std::string reason;
  std::string message{};
};
// converge.cc
// The highest priority among what was found, with the messages of its band.
Summary SummaryOf(const std::vector<Finding>& found);
// The condition that follows `present` now.
Condition Converge(const ComponentPart& part, const Condition& present, const Findings& findings,
                   Time now);
// `present` with another reason; lastTransitionTime moves when the status flips, or at `restart`.
Condition Restated(const Condition& present, const Summary& summary, Time now, bool restart);
// When the grace of what converges ends; unset when it does not, or has none.
Time GraceEnd(const ComponentPart& part, const Condition& condition);

// pass.cc
// Stages every component, the aggregate, and arms the timer of the first grace that ends.
void RunPass(ComponentDraft& draft);
// stage.cc
// Sends what is staged, unless the owner shows it.
void SettleWrite(ComponentDraft& draft);
// The owner's conditions go with the component.
void WithdrawConditions(ComponentDraft& draft);

}  // namespace sluice::component
