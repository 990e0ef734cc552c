#include "machines/common/fan_out.h"

#include "machines/common/condition_writes.h"

namespace sluice {
namespace {

struct Served {
  std::vector<std::string> observers;
  bool more = false;
};

// The observers after `cursor`, bounded.
Served NextObservers(const EntityState& state, const std::string& cursor) {
  Served served;
  // The smallest key above the cursor is the cursor with a zero byte behind it.
  const std::string from = cursor.empty() ? cursor : cursor + '\0';
  state.items.ScanBytes(kObservers, from, [&](std::string_view key, std::string_view) {
    if (served.observers.size() == kObserversPerDecision) {
      served.more = true;
      return false;
    }
    if (!IsConditionWatcher(key)) served.observers.emplace_back(key);
    return true;
  });
  return served;
}

// Serves one bounded share from `cursor` on; says whether there is more, which then goes on by a
// follow-up to the entity itself.
bool ServeShare(const EntityState& state, const std::string& cursor, const Observed& observed,
                const EntityKey& self, Decided& decided) {
  const Served served = NextObservers(state, cursor);
  for (const std::string& observer : served.observers) decided.Send(KeyOrDie(observer), observed);
  if (!served.more) return false;
  decided.Emit(FanOutStarted{.cursor = served.observers.back()});
  decided.Send(self, ContinueFanOut{});
  return true;
}

Decided ContinueServing(const KindInfo& kind, const EntityState& state, const EntityKey& self) {
  Decided decided;
  const Relations& relations = state.relations_part();
  if (!relations.fan_out_running) return decided;
  const Observed observed = MakeObserved(kind, state, self);
  if (ServeShare(state, relations.fan_out_cursor, observed, self, decided)) return decided;
  decided.Emit(FanOutFinished{});
  if (relations.fan_out_dirty) {
    decided.Emit(FanOutStarted{.cursor = ""});
    decided.Send(self, ContinueFanOut{});
  }
  return decided;
}

// Whether it is being deleted and stays for those who observe it: who they are has changed.
bool WaitsForObservers(const KindInfo& kind, const EntityState& state,
                       const DecideContext& context) {
  const Type& next = TypeOf<ContinueDeletion>();
  return state.IsDeleting() && kind.FindCommand(&next) != nullptr &&
         next.level <= LevelOf(context.Settings());
}

}  // namespace

bool IsRelationCommand(const Command& command) {
  return command.payload.As<Observe>() || command.payload.As<Unobserve>() ||
         command.payload.As<ContinueFanOut>() || command.payload.As<Answered>() ||
         IsConditionCommand(command);
}

Observed MakeObserved(const KindInfo& kind, const EntityState& state, const EntityKey& self) {
  Observation seen = kind.observe(state);
  return Observed{.subject = self.ToString(),
                  .uid = std::move(seen.uid),
                  .phase = std::move(seen.phase),
                  .ready = seen.ready,
                  .reason = std::move(seen.reason),
                  .message = std::move(seen.message),
                  .generation = seen.generation,
                  .version = state.version,
                  .detail = std::move(seen.detail)};
}

DecideResult DecideRelation(const KindInfo& kind, const EntityState& state, const Command& command,
                            const DecideContext& context) {
  if (IsConditionCommand(command)) return DecideConditionCommand(kind, state, command, context);
  Decided decided;
  if (const auto* observe = command.payload.As<Observe>()) {
    if (!state.items.Has(kObservers, observe->observer)) {
      decided.Emit(ObserverAdded{.observer = observe->observer});
      if (WaitsForObservers(kind, state, context)) decided.Send(context.self, ContinueDeletion{});
    }
    decided.Send(KeyOrDie(observe->observer), MakeObserved(kind, state, context.self));
    return decided;
  }
  if (const auto* unobserve = command.payload.As<Unobserve>()) {
    if (state.items.Has(kObservers, unobserve->observer)) {
      decided.Emit(ObserverRemoved{.observer = unobserve->observer});
      if (WaitsForObservers(kind, state, context)) decided.Send(context.self, ContinueDeletion{});
    }
    return decided;
  }
  // The engine keeps the reply under its caller's id; the entity need not even be there any more.
  if (command.payload.As<Answered>()) return decided;
  return ContinueServing(kind, state, context.self);
}

void AnnounceChange(const KindInfo& kind, const EntityState& before, EntityState& after,
                    const DecideContext& context, StepResult& result) {
  AnnounceConditions(before, after, context.self, result.follow_ups);
  // The owner hears of the end as well: it is named by the state before.
  const OwnerReference* owner = OwnerOf(after.metadata_part());
  const bool watched = after.relations_part().observers > 0;
  if ((!owner && !watched) || after.version == before.version) return;
  if (kind.observe(before) == kind.observe(after)) return;

  Decided decided;
  const Observed observed = MakeObserved(kind, after, context.self);
  if (owner) decided.Send(KeyOrDie(OwnerKey(*owner)), observed);
  if (watched) {
    if (after.relations_part().fan_out_running) {
      if (!after.relations_part().fan_out_dirty) decided.Emit(FanOutMarkedDirty{});
    } else {
      ServeShare(after, "", observed, context.self, decided);
    }
  }
  ApplyEvents(kind, after, decided.events, {}, {context.self, context.time, context.origin});
  for (AnyTable& event : decided.events) result.events.push_back(std::move(event));
  for (FollowUpDraft& follow_up : decided.follow_ups) {
    result.follow_ups.push_back(std::move(follow_up));
  }
}

}  // namespace sluice
