// What becomes due by itself, without a record that comes: timers, and the parked commands of
// entities that were released.
#include <algorithm>

#include "engine/decider.h"

namespace sluice {

Result<size_t> Decider::DecideTimers(size_t max) {
  size_t decided = 0;
  const Time now = clock_.Now();
  while (decided < max) {
    // A time is reached when decision time is; the clock may have been set back since.
    std::optional<DueTimer> due = timers_.PopDue(std::max(now, state_.decision_time));
    if (!due) break;
    const EntityKey key = KeyOrDie(due->entity);
    Result<CachedEntity*> entity = cache_.Get(key);
    if (!entity) return tl::unexpected<Error>(std::move(entity.error()));
    const EntityMarks& marks = (*entity)->entity.marks;
    if (!marks.quarantined.empty() || !marks.parked.empty()) {
      waiting_timers_.emplace(due->entity, *due);
      continue;
    }
    const auto& relations = (*entity)->entity.state->relations_part();
    if (ArmedTimer(relations, due->id) != due->due) continue;
    const Origin origin = MakeOrigin(Input::kTimers, state_.next_timer);
    Command command = TimerCommand(key, due->id, due->due);
    command.id = CommandIdFromOrigin(origin);
    auto done = DecideCommand(std::move(command), origin, DecisionTime(now, due->due), 0);
    if (!done) return tl::unexpected<Error>(std::move(done.error()));
    ++decided;
  }
  return decided;
}

Result<size_t> Decider::DecideParked(size_t max) {
  size_t decided = 0;
  while (decided < max && !draining_.empty()) {
    const std::string entity = *draining_.begin();
    Result<CachedEntity*> cached = cache_.Get(KeyOrDie(entity));
    if (!cached) return tl::unexpected<Error>(std::move(cached.error()));
    const EntityMarks& marks = (*cached)->entity.marks;
    CHECK(!marks.parked.empty());
    const uint64_t sequence = marks.parked.front();
    if (sequence >= committed_sequence_) break;  // parked in a batch that is not committed yet
    Result<Command> command = ParkedCommand(sequence);
    if (!command) return tl::unexpected<Error>(std::move(command.error()));
    const Origin origin = MakeOrigin(Input::kParked, state_.next_parked);
    auto done = DecideCommand(std::move(*command), origin, DecisionTime(clock_.Now(), Time{}), 0);
    if (!done) return tl::unexpected<Error>(std::move(done.error()));
    ++decided;
  }
  return decided;
}

}  // namespace sluice
