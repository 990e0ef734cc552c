#include "machines/common/condition_writes.h"

#include <algorithm>

#include "machines/common/conditions.h"

namespace sluice {
namespace {

// A watcher is an observer under its entity key behind this byte, which no entity key begins with.
constexpr char kMark = '\x01';

std::string ItemKeyOf(const std::string& watcher) { return kMark + watcher; }

// Every kind has them at status.conditions.
const std::vector<Condition>& ConditionsOf(const EntityState& state) {
  const Field* status = state.root_type().FindByJsonName("status");
  const Field* conditions = status ? status->table->FindByJsonName("conditions") : nullptr;
  CHECK(conditions != nullptr && conditions->table == &TypeOf<Condition>());
  return *static_cast<const std::vector<Condition>*>(conditions->In(status->In(state.root())));
}

ConditionsObserved ObservedNow(const EntityState& state, const EntityKey& self) {
  ConditionsObserved observed{.subject = self.ToString(), .exists = state.Exists()};
  if (!observed.exists) return observed;
  observed.uid = state.metadata_part().uid;
  observed.generation = state.metadata_part().generation;
  observed.conditions = ConditionsOf(state);
  return observed;
}

std::optional<Rejection> FaultOf(const KindInfo& kind, const WriteConditions& command) {
  for (const Condition& condition : command.conditions) {
    const auto& owned = command.owned;
    if (std::find(owned.begin(), owned.end(), condition.type) == owned.end()) {
      return Rejection::InvalidArgument("payload.conditions", condition.type + " is not owned");
    }
  }
  for (const std::string& type : command.owned) {
    if (!kind.sets_condition(type)) continue;
    return Rejection::FailedPrecondition(
        "payload.owned",
        fmt::format("{} is a condition that every {} sets itself", type, kind.name));
  }
  return std::nullopt;
}

DecideResult Write(const KindInfo& kind, const EntityState& state, const WriteConditions& command,
                   const DecideContext& context) {
  if (!state.Exists()) {
    return Reject(Rejection::NotFound(context.self.ToString() + " does not exist"));
  }
  if (auto fault = FaultOf(kind, command)) return Reject(*std::move(fault));
  const std::vector<Condition>& present = ConditionsOf(state);
  Decided decided;
  for (Condition staged : command.conditions) {
    staged.observed_generation = state.metadata_part().generation;
    const Condition* stored = FindCondition(present, staged.type);
    if (!stored || !(*stored == staged)) decided.Emit(ConditionChanged{.condition = staged});
  }
  for (const std::string& type : command.owned) {
    if (!FindCondition(command.conditions, type) && FindCondition(present, type)) {
      decided.Emit(ConditionRemoved{.type = type});
    }
  }
  return decided;
}

Decided Watch(const EntityState& state, const WatchConditions& command,
              const DecideContext& context) {
  Decided decided;
  const std::string key = ItemKeyOf(command.watcher);
  if (!state.items.Has(kObservers, key)) decided.Emit(ObserverAdded{.observer = key});
  decided.Send(KeyOrDie(command.watcher), ObservedNow(state, context.self));
  return decided;
}

// Bounded: an entity has few components.
std::vector<std::string> WatchersOf(const EntityState& state) {
  std::vector<std::string> watchers;
  state.items.ScanBytes(kObservers, std::string(1, kMark),
                        [&](std::string_view key, std::string_view) {
                          if (key.front() != kMark || watchers.size() == kConditionWatchersMax)
                            return false;
                          watchers.emplace_back(key.substr(1));
                          return true;
                        });
  return watchers;
}

}  // namespace

bool IsConditionCommand(const Command& command) {
  return command.payload.As<WriteConditions>() || command.payload.As<WatchConditions>() ||
         command.payload.As<UnwatchConditions>();
}

DecideResult DecideConditionCommand(const KindInfo& kind, const EntityState& state,
                                    const Command& command, const DecideContext& context) {
  if (const auto* write = command.payload.As<WriteConditions>()) {
    return Write(kind, state, *write, context);
  }
  if (const auto* watch = command.payload.As<WatchConditions>()) {
    return Watch(state, *watch, context);
  }
  const std::string key = ItemKeyOf(command.payload.As<UnwatchConditions>()->watcher);
  Decided decided;
  if (state.items.Has(kObservers, key)) decided.Emit(ObserverRemoved{.observer = key});
  return decided;
}

void AnnounceConditions(const EntityState& before, const EntityState& after, const EntityKey& self,
                        std::vector<FollowUpDraft>& follow_ups) {
  if (after.relations_part().observers == 0 || after.version == before.version) return;
  const bool same = before.Exists() == after.Exists() &&
                    before.metadata_part().uid == after.metadata_part().uid &&
                    before.metadata_part().generation == after.metadata_part().generation &&
                    ConditionsOf(before) == ConditionsOf(after);
  if (same) return;
  const ConditionsObserved now = ObservedNow(after, self);
  for (const std::string& watcher : WatchersOf(after)) {
    follow_ups.push_back({KeyOrDie(watcher), AnyTable::Of(now), {}, false, {}});
  }
}

bool IsConditionWatcher(std::string_view observer) { return observer.front() == kMark; }

}  // namespace sluice
