// Causes: from a decision backward to what began it, over entities: the command that led to it, the
// decision that sent that command, and so on to an outside command, a timer or a provider's report.
#pragma once

#include <set>
#include <string>

#include "replay/answers.h"
#include "replay/timeline.h"

namespace sluice::replay {

// "PrefixRefused": a "no" that is a command of its own.
inline constexpr std::string_view kRefused = "Refused";
inline bool IsRefusal(std::string_view command) { return command.ends_with(kRefused); }

// What brought a decision about.
enum class Cause : uint8_t {
  kOutside = 0,   // a user's command: nothing before it is recorded
  kReport = 1,    // a provider's; before it stands the decision that made the action pending
  kTimer = 2,     // due; before it stands the decision that armed it
  kFollowUp = 3,  // another decision sent the command
};
std::string_view CauseName(Cause cause);

// A decision in short: {position, time, entity, command, actor, id, sender, verdict, rejection,
// events}.
Json DecisionInShort(const LogRecord& record);
// "InstanceCreated", "Ready=False NetworkNotReady".
std::string EventText(const AnyTable& event);
Json ConditionJson(const Condition& condition);

// The decisions that led to the one at `position`, it first, each with `cause` and `took` (since
// the decision before it in the chain) and, where a command was refused, with the state that did
// it. The last one's cause is what began it all.
Result<Json> BackwardChain(const Archive& archive, const DecisionPosition& position);

// The positions of that chain alone, but for those in `seen`, which it adds to.
using Positions = std::set<std::pair<uint32_t, uint64_t>>;
Result<void> AddChain(const Archive& archive, const DecisionPosition& position, Positions* seen);

// What the entity's state was when it refused the command at `record`: {version, phase, value of
// the field at fault, lastChanged: the decision that had changed it last}.
Result<Json> WhyRefused(const Archive& archive, const LogRecord& record);

// The decision that armed the timer fired at `record`; how often it was armed again by itself
// since.
struct ArmedBy {
  std::optional<DecisionPosition> position;
  uint64_t repeats = 0;
};
Result<ArmedBy> FindArming(const Archive& archive, const LogRecord& record);
// The decision after which what a provider reports at `record` was pending.
Result<std::optional<DecisionPosition>> FindAsking(const Archive& archive, const LogRecord& record);

}  // namespace sluice::replay
