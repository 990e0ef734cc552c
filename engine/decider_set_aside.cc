// Setting an entity aside after a broken invariant, and letting it go on (I11).
#include <algorithm>

#include "engine/decider.h"
#include "events/codec.h"
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

// The owner and the observers, as many as one decision can tell; a fan-out of the machine's would
// itself be parked.
std::vector<FollowUpDraft> TellAll(const CachedEntity& entity, const Observed& observed) {
  constexpr size_t kToldMax = kEffectsMax - 100;
  constexpr size_t kToldBytesMax = kEffectsBytesMax / 2;
  const size_t share = kToldBytesMax / (Pack(observed).size() + 512);
  const size_t told_max = std::clamp<size_t>(share, 1, kToldMax);
  std::vector<FollowUpDraft> told;
  const auto tell = [&](std::string_view who) {
    told.push_back({KeyOrDie(who), AnyTable::Of(observed), {}, false, {}});
  };
  if (const OwnerReference* owner = OwnerOf(entity.entity.state->metadata_part())) {
    tell(OwnerKey(*owner));
  }
  entity.entity.state->items.ScanBytes(kObservers, "",
                                       [&](std::string_view observer, std::string_view) {
                                         tell(observer);
                                         return told.size() < told_max;
                                       });
  return told;
}

// Whoever waits for the outcome or the reply of a command that is dropped hears of it.
void AnswerSkipped(const Command& skipped, std::vector<FollowUpDraft>& told) {
  const std::string message = "an operator dropped the command at " + skipped.entity;
  if (skipped.outcome_number && skipped.source) {
    told.push_back({KeyOrDie(skipped.source->entity),
                    AnyTable::Of(Outcome{.number = *skipped.outcome_number,
                                         .accepted = false,
                                         .code = std::string(ToString(RejectionCode::kQuarantined)),
                                         .message = message,
                                         .uid = ""}),
                    {},
                    false,
                    {}});
  }
  if (skipped.deferred) {
    CommandResult result;
    result.id = skipped.deferred->command_id;
    result.entity = skipped.entity;
    result.rejection =
        RejectionRecord{.code = RejectionCode::kQuarantined, .field = "", .message = message};
    told.push_back({KeyOrDie(skipped.deferred->entity),
                    AnyTable::Of(Answered{.id = result.id, .result = std::move(result)}),
                    {},
                    false,
                    {}});
  }
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
  std::vector<FollowUpDraft> told = TellAll(entity, AsSetAside(entity, key, reason));
  decision.effects = NumberEffects(std::move(told), std::move(timers), command);
  const EntityState& now = after ? *after : *entity.entity.state;
  decision.version = now.version;
  decision.state_hash = now.Hash();
  decision.command = std::move(command);
  Stage(std::move(decision), &entity, std::move(after), ticket);
}

Result<void> Decider::ReleaseEntity(Command command, CachedEntity& entity, Decision decision,
                                    uint64_t ticket) {
  const bool skip = command.payload.As<Release>()->skip;
  const EntityMarks& marks = entity.entity.marks;
  if (!marks.quarantined.empty()) {
    decision.events.push_back({.payload = AnyTable::Of(ParkedReleased{.skipped = skip})});
    // Who heard that it was set aside hears how it is now.
    std::vector<FollowUpDraft> told = TellAll(
        entity, MakeObserved(*entity.entity.kind, *entity.entity.state, KeyOrDie(command.entity)));
    if (skip && !marks.parked.empty()) {
      const Result<Command> skipped = ParkedCommand(marks.parked.front());
      if (!skipped) return tl::unexpected<Error>(skipped.error());
      AnswerSkipped(*skipped, told);
    }
    decision.effects = NumberEffects(std::move(told), {}, command);
  }
  decision.version = entity.entity.state->version;
  decision.state_hash = entity.entity.state->Hash();
  decision.command = std::move(command);
  Stage(std::move(decision), &entity, nullptr, ticket);
  return {};
}

Result<Command> Decider::ParkedCommand(uint64_t sequence) {
  if (const auto staged = parked_.find(sequence); staged != parked_.end()) return staged->second;
  std::optional<Command> command;
  auto read = journal_.ReadEvents(sequence, [&](uint64_t, std::string_view bytes) {
    if (auto record = Unpack<LogRecord>(bytes); record && record->decision) {
      command = std::move(record->decision->command);
    }
    return false;
  });
  if (!read) return tl::unexpected<Error>(std::move(read.error()));
  if (!command) {
    return Err(ErrorCode::kCorruption, "the command parked at {}:{} is gone", state_.partition,
               sequence);
  }
  return std::move(*command);
}

}  // namespace sluice
