// What is changed in a fork: checked before anything is folded, and what came of each change.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replay/fork.h"

namespace sluice::replay {

// kInvalid: what a position names is no command from outside, or not there; a payload or a command
// is none; a delay is negative. Ids are looked up in no log: they come up as it is walked.
Result<void> CheckChanges(const Archive& archive, const ForkChanges& changes);

// kInvalid: says what else than a command from outside `record` is and what led to it. `changed`:
// "drop 0:7".
tl::unexpected<Error> NotFromOutside(const Archive& archive, const std::string& changed,
                                     const LogRecord& record);

// Whether the decision is on a command that a user or a provider sent.
bool IsFromOutside(const LogRecord& record);

// Used by one thread.
class ChangesMade {
 public:
  explicit ChangesMade(const ForkChanges& changes);

  // `name` is the id or the position it is given by; `decided`: what the fork made of the command,
  // null where there was nothing to decide.
  void Note(std::string_view what, const std::string& name, const LogRecord* decided);
  // What has not come up yet.
  const std::set<std::string>& unmade() const { return unmade_; }
  // "dropped x, 3 times", "edited x: Rejected in the fork: Immutable: spec.bindingKey: ...".
  std::vector<std::string> Lines() const;

 private:
  std::set<std::string> unmade_;
  std::vector<std::pair<std::string, size_t>> made_;  // how often, in the order of their first
};

}  // namespace sluice::replay
