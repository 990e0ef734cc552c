// All that decide and evolve may read besides their state and input.
#pragma once

#include <string>
#include <string_view>

#include "events/basic_types.h"
#include "events/clusterconfig.gen.h"
#include "events/entity_key.h"
#include "events/envelope.gen.h"

namespace sluice {

struct DecideContext {
  EntityKey self;      // the entity addressed; it may not exist
  Time time;           // decision time; a deadline is reached when time >= it
  Origin origin;       // what this decision answers
  std::string actor;   // who sent the command; empty for follow-ups and timers
  std::string sender;  // entity whose decision sent it; empty for users
  uint32_t partitions = 1;
  const ClusterConfigSpec* settings =
      nullptr;  // adopted, with defaults filled in; never null in Decide

  const ClusterConfigSpec& Settings() const { return *settings; }
};

// Logs that are older than the setting hold none.
inline uint32_t LevelOf(const ClusterConfigSpec& settings) {
  return settings.level == 0 ? 1 : settings.level;
}

// Whose event it is: parts or text, and parts only for the few events that ask.
class EventSelf {
 public:
  EventSelf(const EntityKey& key) : key_(&key) {}  // NOLINT: what an EventContext is made of
  EventSelf(EntityKey&&) = delete;                 // It is a view.
  explicit EventSelf(std::string_view text) : text_(text) {}

  // Throws InvariantViolation where the text is no entity's.
  EntityKey Parts() const;
  std::string ToString() const { return key_ != nullptr ? key_->ToString() : std::string(text_); }

 private:
  const EntityKey* key_ = nullptr;
  std::string_view text_;
};

struct EventContext {
  EventSelf self;  // a view
  Time time;       // decision time
  Origin origin;   // of the decision
};

// uid of an entity created by the command with this origin: XXH3-128 of the origin, in UUID form.
std::string UidFromOrigin(const Origin& origin);
// The entity key of `text`, which the engine or a machine wrote; throws InvariantViolation if it is
// none.
EntityKey KeyOrDie(std::string_view text);
// Id of a command that came without one.
std::string CommandIdFromOrigin(const Origin& origin);

}  // namespace sluice
