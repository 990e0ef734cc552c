// Setting an entity aside after a broken invariant, and letting it go on (I11).
#include "engine/decider.h"
#include "machines/common/fan_out.h"

namespace sluice {
namespace {

Observed AsSetAside(const CachedEntity& entity, const EntityKey& key, const std::string& reason) {
  Observed observed = MakeObserved(*entity.entity.kind, *entity.entity.state, key);
  observed.ready = ConditionStatus::kFalse;
  observed.reason = "Quarantined";
  observed.message = reason;
  return observed;
}

}  // namespace

void Decider::Quarantine(Command command, CachedEntity& entity, Decision decision,
                         const std::string& reason, uint64_t ticket) {
  const EntityKey key = KeyOrDie(command.entity);
  const auto* timer = command.payload.As<TimerDue>();
  std::shared_ptr<EntityState> after;
  std::vector<TimerChange> timers;
  if (IsUsers(command)) {
    decision.verdict = Verdict::kRejected;
    decision.rejection = RejectionRecord{.code = RejectionCode::kQuarantined,
                                         .field = "",
                                         .message = command.entity + " is set aside: " + reason};
  } else {
    decision.verdict = Verdict::kParked;
  }
  if (timer && ArmedTimer(entity.entity.state->relations_part(), timer->id) == timer->due) {
    timers.push_back({.id = timer->id, .due = Time{}});
    after = entity.entity.state->Clone();
    ApplyTimerChange(after->relations_part(), timers.back());
  }
  decision.events.push_back({.payload = AnyTable::Of(EntityQuarantined{.reason = reason})});
  // Owner and observers hear of it; a fan-out beyond the first share is the machine's, which
  // stands.
  std::vector<FollowUpDraft> told;
  const auto tell = [&](const std::string& who) {
    told.push_back({KeyOrDie(who), AnyTable::Of(AsSetAside(entity, key, reason)), {}, false, {}});
  };
  if (const OwnerReference* owner = OwnerOf(entity.entity.state->metadata_part())) {
    tell(OwnerKey(*owner));
  }
  entity.entity.state->items.ScanBytes(kObservers, "",
                                       [&](std::string_view observer, std::string_view) {
                                         tell(std::string(observer));
                                         return told.size() < kObserversPerDecision;
                                       });
  decision.effects = NumberEffects(std::move(told), std::move(timers), command);
  const EntityState& now = after ? *after : *entity.entity.state;
  decision.version = now.version;
  decision.state_hash = now.Hash();
  decision.command = std::move(command);
  Stage(std::move(decision), &entity, std::move(after), ticket);
}

void Decider::ReleaseEntity(Command command, CachedEntity& entity, Decision decision,
                            uint64_t ticket) {
  const bool skip = command.payload.As<Release>()->skip;
  const EntityKey key = KeyOrDie(command.entity);
  if (!entity.entity.marks.quarantined.empty()) {
    decision.events.push_back({.payload = AnyTable::Of(ParkedReleased{.skipped = skip})});
    // Who heard that it was set aside hears how it is now.
    std::vector<FollowUpDraft> told;
    const Observed now = MakeObserved(*entity.entity.kind, *entity.entity.state, key);
    if (const OwnerReference* owner = OwnerOf(entity.entity.state->metadata_part())) {
      told.push_back({KeyOrDie(OwnerKey(*owner)), AnyTable::Of(now), {}, false, {}});
    }
    entity.entity.state->items.ScanBytes(
        kObservers, "", [&](std::string_view observer, std::string_view) {
          told.push_back({KeyOrDie(observer), AnyTable::Of(now), {}, false, {}});
          return told.size() < kObserversPerDecision;
        });
    decision.effects = NumberEffects(std::move(told), {}, command);
  }
  decision.version = entity.entity.state->version;
  decision.state_hash = entity.entity.state->Hash();
  decision.command = std::move(command);
  Stage(std::move(decision), &entity, nullptr, ticket);
}

}  // namespace sluice
