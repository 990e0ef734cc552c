#include "replay/fork_world.h"

#include <algorithm>

#include "events/epoch.h"
#include "replay/timeline.h"

namespace sluice::replay {
namespace {

constexpr Time kNever{INT64_MAX};

}  // namespace

ForkWorld::ForkWorld(const Originals& originals, MemoryArchive& log, ChangesMade& changes)
    : originals_(originals), kinds_(log.kinds()), changes_(changes) {
  for (uint32_t partition = 0; partition < log.partitions(); ++partition) {
    forks_.push_back(std::make_unique<ForkPartition>(log, partition));
  }
  waiting_.resize(forks_.size(), std::vector<std::deque<Bytes>>(forks_.size()));
  expected_.resize(forks_.size(), std::vector<uint64_t>(forks_.size()));
}

Result<void> ForkWorld::Decide(const LogRecord& record) {
  const uint32_t partition = record.partition;
  const Time time = TimeOfRecord(record);
  ForkPartition& fork = *forks_[partition];
  if (record.opened) return Send(partition, fork.Open(*record.opened));
  const Decision& decision = *record.decision;
  if (OpenedEpoch(decision) != nullptr) return fork.OpenEpoch(decision);
  switch (decision.origin->input) {
    case Input::kTimers:
      return Send(partition, fork.DecideTimer(time, *decision.command, diverged_));
    case Input::kParked:
      return Send(partition, fork.DecideParked(time));
    case Input::kInternal: {
      const uint32_t source = decision.command->source->partition;
      --expected_[source][partition];
      return DecideFollowUp(source, partition, time, decision.origin->offset);
    }
    case Input::kCommands:
      break;
  }
  if (!decision.command) {
    // Bytes that could not be read; they are not in the log.
    return Send(partition, fork.DecideBytes(time, decision.origin->offset, "?"));
  }
  return DecideUsers(partition, time, decision.origin->offset, *decision.command);
}

Result<void> ForkWorld::DecideFollowUp(uint32_t source, uint32_t target, Time time,
                                       uint64_t offset) {
  auto& queue = waiting_[source][target];
  if (queue.empty()) return {};
  Bytes payload = std::move(queue.front());
  queue.pop_front();
  return Send(target, forks_[target]->DecideInternal(time, offset, std::move(payload)));
}

Result<void> ForkWorld::DecideUsers(uint32_t partition, Time time, uint64_t offset,
                                    const Command& command) {
  return Send(partition, forks_[partition]->DecideUsers(time, offset, command));
}

Result<void> ForkWorld::DecideChanged(std::string_view what, const std::string& name,
                                      uint32_t partition, Time time, uint64_t offset,
                                      const Command& command) {
  diverged_ = true;
  auto sent = DecideUsers(partition, time, offset, command);
  if (sent) changes_.Note(what, name, &forks_[partition]->last());
  return sent;
}

void ForkWorld::Delay(Time until, Delayed delayed) {
  diverged_ = true;
  delayed_.emplace(until, std::move(delayed));
}

void ForkWorld::Hold(const LogRecord& record, Command command) {
  const uint32_t partition = record.partition;
  const auto& entities = originals_[partition]->fold().entities();
  const auto found = entities.find(command.entity);
  Situation recorded;
  if (found != entities.end()) {
    recorded = {.kind = found->second.kind,
                .state = found->second.state->Clone(),
                .asked = asked_recorded_.Of(command.entity)};
  }
  const Situation here = SituationHere(partition, command.entity);
  held_.Hold({.position = {record.partition, record.sequence},
              .time = TimeOfRecord(record),
              .offset = record.decision->origin->offset,
              .command = std::move(command),
              .situation = std::move(recorded)},
             here);
}

Situation ForkWorld::SituationHere(uint32_t partition, const std::string& entity) const {
  const EntityState* state = forks_[partition]->Find(entity);
  // Looked at for as long as the fork decides nothing.
  return {.kind = kinds_.Find(entity.substr(0, entity.find('/'))),
          .state = std::shared_ptr<const EntityState>(std::shared_ptr<void>(), state),
          .asked = asked_here_.Of(entity)};
}

void ForkWorld::Pass(const LogRecord& record) {
  if (!record.decision) return;
  const Decision& decision = *record.decision;
  for (const FollowUp& sent : decision.effects.follow_ups) {
    ++expected_[record.partition][sent.target_partition];
  }
  if (!decision.command) return;
  const auto& entities = originals_[record.partition]->fold().entities();
  const auto found = entities.find(decision.command->entity);
  if (found == entities.end()) return;
  asked_recorded_.See(found->first, *found->second.kind, *found->second.state,
                      TimeOfRecord(record));
}

Result<void> ForkWorld::Send(uint32_t partition, Result<std::vector<FollowUpRecord>> sent) {
  if (!sent) return tl::unexpected(sent.error());
  for (FollowUpRecord& follow_up : *sent) {
    waiting_[partition][follow_up.target_partition].push_back(std::move(follow_up.payload));
  }
  for (const std::string& entity : forks_[partition]->TakeTouched()) {
    const Situation here = SituationHere(partition, entity);
    asked_here_.See(entity, *here.kind, *here.state, forks_[partition]->decision_time());
    if (held_.Has(entity)) held_.Reconsider(entity, SituationHere(partition, entity));
  }
  return {};
}

Result<void> ForkWorld::DecideExtra() {
  for (bool again = true; again;) {
    again = false;
    for (uint32_t target = 0; target < forks_.size(); ++target) {
      for (uint32_t source = 0; source < forks_.size(); ++source) {
        if (waiting_[source][target].size() <= expected_[source][target]) continue;
        if (auto decided = DecideFollowUp(source, target, now_, 0); !decided) return decided;
        again = true;
      }
      auto released = forks_[target]->DecideReleased(now_);
      if (auto sent = Send(target, std::move(released)); !sent) return sent;
    }
  }
  return {};
}

Result<void> ForkWorld::AdvanceTo(Time until) {
  while (diverged_) {
    if (auto decided = DecideExtra(); !decided) return decided;
    const auto timer = NextTimer();
    const auto report = held_.NextDue();
    const Time due =
        std::min({timer ? forks_[*timer]->NextTimer()->due : kNever, report.value_or(kNever),
                  delayed_.empty() ? kNever : delayed_.begin()->first});
    if (due > until) break;
    now_ = std::max(now_, due);
    auto decided = !delayed_.empty() && delayed_.begin()->first == due ? DecideDelayed()
                   : report == due                                     ? DecideReport()
                                   : Send(*timer, forks_[*timer]->DecideNextTimer(now_));
    if (!decided) return decided;
  }
  now_ = std::max(now_, until);
  return {};
}

Result<void> ForkWorld::DecideDelayed() {
  const Delayed delayed = std::move(delayed_.begin()->second);
  delayed_.erase(delayed_.begin());
  return DecideChanged("delayed", delayed.name, delayed.partition, now_, 0, delayed.command);
}

Result<void> ForkWorld::DecideReport() {
  HeldReport report = held_.TakeNext();
  const uint32_t partition = report.position.partition;
  const std::string entity = report.command.entity;
  const EntityState* here = forks_[partition]->Find(entity);
  if (here != nullptr && report.situation.state != nullptr) {
    ReplaceUid(report.situation.state->metadata_part().uid, here->metadata_part().uid,
               &report.command);
  }
  auto sent = Send(partition, forks_[partition]->DecideUsers(now_, report.offset, report.command));
  if (sent) held_.Reconsider(entity, SituationHere(partition, entity));
  return sent;
}

std::optional<uint32_t> ForkWorld::NextTimer() const {
  std::optional<uint32_t> next;
  for (uint32_t partition = 0; partition < forks_.size(); ++partition) {
    const DueTimer* timer = forks_[partition]->NextTimer();
    if (timer == nullptr || (next && forks_[*next]->NextTimer()->due <= timer->due)) continue;
    const auto& entities = originals_[partition]->fold().entities();
    const auto recorded = entities.find(timer->entity);
    const bool is_recorded =
        !ended_ && recorded != entities.end() &&
        ArmedTimer(recorded->second.state->relations_part(), timer->id) == timer->due;
    if (!is_recorded) next = partition;
  }
  return next;
}

Result<std::vector<HeldReport>> ForkWorld::Finish() {
  ended_ = true;
  for (auto& rows : expected_) rows.assign(rows.size(), 0);
  Time last = now_;
  for (const auto& fork : forks_) last = std::max(last, fork->decision_time());
  while (true) {
    if (auto advanced = AdvanceTo(last); !advanced) return tl::unexpected(advanced.error());
    if (delayed_.empty() && !held_.NextDue()) break;
    last = std::min(held_.NextDue().value_or(kNever),
                    delayed_.empty() ? kNever : delayed_.begin()->first);
  }
  return held_.TakeRest();
}

}  // namespace sluice::replay
