#include "tests/simulator/log_observer.h"

#include <algorithm>

#include "engine/routing.h"
#include "events/codec.h"
#include "events/epoch.h"
#include "tests/simulator/reference.h"

namespace sluice::simulator {

LogObserver::LogObserver(const KindRegistry& kinds, uint32_t partition, uint32_t partitions,
                         FollowUpLedger& ledger, Findings& findings, FoldListener& listener)
    : kinds_(kinds),
      partitions_(partitions),
      ledger_(ledger),
      findings_(findings),
      listener_(listener) {
  state_.partition = partition;
}

void LogObserver::Read(const testing::SimJournal& journal) {
  taken_.clear();
  const auto read = journal.ReadEvents(
      state_.partition, state_.next_sequence, [&](uint64_t sequence, std::string_view bytes) {
        Result<LogRecord> record = Unpack<LogRecord>(bytes);
        if (!findings_.Expect(record.has_value(), "I3", "{}:{} cannot be read", state_.partition,
                              sequence)) {
          return false;
        }
        const Hash128 before = state_.chain.empty() ? Hash128{} : state_.chain.back();
        findings_.Expect(record->partition == state_.partition && record->sequence == sequence,
                         "I3", "the record at {}:{} says {}:{}", state_.partition, sequence,
                         record->partition, record->sequence);
        findings_.Expect(record->previous == before, "I3", "{}:{} does not chain", state_.partition,
                         sequence);
        state_.chain.push_back(Xxh128(bytes));
        if (record->decision) {
          for (const FollowUp& follow_up : record->decision->effects.follow_ups) {
            ledger_.Sent(state_.partition, follow_up);
          }
        }
        taken_.push_back(std::move(*record));
        return !findings_.any();
      });
  findings_.Expect(read.has_value(), "I3", "the log of {} cannot be read", state_.partition);
}

void LogObserver::Judge(Time latest) {
  for (const LogRecord& record : taken_) {
    if (findings_.any()) return;
    JudgeRecord(record, latest);
  }
  taken_.clear();
}

void LogObserver::JudgeRecord(const LogRecord& record, Time latest) {
  state_.entity_at.emplace_back();
  const Time time = record.opened ? record.opened->time : record.decision->time;
  findings_.Expect(time >= state_.time, "I3", "{}:{} goes back in time", state_.partition,
                   record.sequence);
  findings_.Expect(time <= std::max(state_.time, latest + Duration::Minutes(1)), "I3",
                   "{}:{} is of a time no clock showed", state_.partition, record.sequence);
  if (record.opened) {
    findings_.Expect(!record.decision && record.term == state_.term + 1, "I3",
                     "{}:{} opens term {} after {}", state_.partition, record.sequence, record.term,
                     state_.term);
    findings_.Expect(record.opened->settings.has_value() == (state_.term == 0), "I3",
                     "{}:{}: settings stand in the first term's start, and only there",
                     state_.partition, record.sequence);
    if (record.opened->settings) state_.settings = *record.opened->settings;
    state_.term = record.term;
  } else if (OpenedEpoch(record) != nullptr) {
    state_.next_offset[static_cast<size_t>(Input::kCommands)] = 0;
    state_.next_offset[static_cast<size_t>(Input::kInternal)] = 0;
  } else {
    findings_.Expect(record.decision && record.term == state_.term && state_.term > 0, "I3",
                     "{}:{} is of term {} in term {}", state_.partition, record.sequence,
                     record.term, state_.term);
    Count(*record.decision);
    JudgeOrigin(record);
    JudgeDecision(*record.decision, record.sequence);
  }
  state_.time = std::max(state_.time, time);
  state_.next_sequence = record.sequence + 1;
}

void LogObserver::Count(const Decision& decision) {
  const auto count = [&](std::string_view what) {
    const auto at = state_.seen.find(what);
    if (at == state_.seen.end()) {
      state_.seen.emplace(what, 1);
    } else {
      ++at->second;
    }
  };
  count(ToString(decision.verdict));
  if (decision.rejection) count(ToString(decision.rejection->code));
  for (const Event& event : decision.events) count(event.payload.type_name());
}

void LogObserver::JudgeOrigin(const LogRecord& record) {
  const Decision& decision = *record.decision;
  if (!findings_.Expect(decision.origin.has_value(), "I3", "{}:{} has no origin", state_.partition,
                        record.sequence)) {
    return;
  }
  const Origin& origin = *decision.origin;
  uint64_t& next = state_.next_offset[static_cast<size_t>(origin.input)];
  // Repeated follow-ups are passed over without a decision; of the others none may be.
  const bool dense = origin.input != Input::kInternal;
  findings_.Expect(origin.offset == next || (!dense && origin.offset > next), "I3",
                   "{}:{} answers {} {}, but {} is next", state_.partition, record.sequence,
                   ToString(origin.input), origin.offset, next);
  next = origin.offset + 1;
  if (origin.input != Input::kInternal) return;
  const bool sent = decision.command && decision.command->source;
  if (findings_.Expect(sent, "I8", "{}:{} decides an internal record nobody sent", state_.partition,
                       record.sequence)) {
    ledger_.Decided(state_.partition, *decision.command);
  }
}

void LogObserver::JudgeDecision(const Decision& decision, uint64_t sequence) {
  const auto refused = [&](RejectionCode code) {
    return decision.verdict == Verdict::kRejected && decision.rejection &&
           decision.rejection->code == code && decision.events.empty() &&
           decision.effects == Effects{};
  };
  if (decision.verdict == Verdict::kDeadLettered) {
    findings_.Expect(!decision.command && decision.origin->input == Input::kCommands, "I10",
                     "{}:{} sets a readable command aside", state_.partition, sequence);
    ++state_.dead_letters;
    return;
  }
  const Command& command = *decision.command;
  if (command.to_partition) {
    const auto* adopt = command.payload.As<AdoptSettings>();
    const bool adopts = adopt && adopt->generation > state_.settings_generation;
    findings_.Expect(decision.events.size() == (adopts ? 1U : 0U), "I3",
                     "{}:{} adopts settings, or does not", state_.partition, sequence);
    if (!adopts) return;
    state_.settings = adopt->settings;
    state_.settings_generation = adopt->generation;
    return;
  }
  const Result<EntityKey> key = ParseEntityKey(command.entity);
  if (!key || !kinds_.Find(key->kind)) {
    findings_.Expect(refused(RejectionCode::kInvalidArgument), "I10",
                     "{}:{}: '{}' is no entity and was not refused", state_.partition, sequence,
                     command.entity);
    return;
  }
  if (PartitionOfKey(command.entity, partitions_) != state_.partition) {
    const auto& sent = decision.effects.follow_ups;
    const bool forwards = decision.verdict == Verdict::kForwarded && sent.size() == 1 &&
                          sent[0].command->forwarded && sent[0].command->id == command.id &&
                          sent[0].command->entity == command.entity &&
                          sent[0].command->payload == command.payload &&
                          sent[0].command->expected_version == command.expected_version &&
                          sent[0].command->derived_id == command.derived_id;
    findings_.Expect(forwards, "I3", "{}:{} is another partition's and is not forwarded as it is",
                     state_.partition, sequence);
    return;
  }
  state_.entity_at.back() = command.entity;
  JudgeEntity(decision, sequence, EntityOf(*key));
}

void LogObserver::JudgeEntity(const Decision& decision, uint64_t sequence, ObservedEntity& entity) {
  const Command& command = *decision.command;
  if (decision.origin->input == Input::kTimers) JudgeTimer(decision);
  if (decision.origin->input == Input::kParked) {
    const bool first = !entity.parked.empty() && entity.parked.front().second == command;
    if (!findings_.Expect(first && !entity.quarantined, "I11",
                          "{}:{}: {} is not the first parked of {}", state_.partition, sequence,
                          command.payload.type_name(), command.entity)) {
      return;
    }
  }
  const std::string different =
      CompareWithReference(state_, entity, decision, sequence, partitions_);
  findings_.Expect(different.empty(), different.substr(0, different.find(':')),
                   "{}:{} {} of {}: {}", state_.partition, sequence, command.payload.type_name(),
                   command.entity, different);
  JudgeId(decision, sequence);
  FoldMarks(decision, sequence, entity);
  listener_.BeforeFold(entity);
  Fold(decision, sequence, entity);
  listener_.AfterFold(entity, decision);
}

void LogObserver::JudgeTimer(const Decision& decision) {
  const auto* due = decision.command->payload.As<TimerDue>();
  if (!findings_.Expect(due != nullptr, "I3", "a timer without TimerDue")) return;
  findings_.Expect(decision.time >= due->due, "I3", "a timer of {} is decided before it is due",
                   decision.command->entity);
  // The first armed one of all that are not set aside.
  for (const auto& [armed, entity, id] : state_.timers) {
    if (IsSetAside(entity)) continue;
    findings_.Expect(armed == due->due && entity == decision.command->entity && id == due->id, "I3",
                     "timer {} of {} is decided, but {} of {} is the first", due->id,
                     decision.command->entity, id, entity);
    return;
  }
  findings_.Expect(false, "I3", "timer {} of {} is not armed", due->id, decision.command->entity);
}

void LogObserver::JudgeId(const Decision& decision, uint64_t sequence) {
  const Command& command = *decision.command;
  if (const auto* answered = command.payload.As<Answered>()) {
    const auto known = state_.accepted.find({command.entity, answered->id});
    if (known != state_.accepted.end()) known->second.awaits_reply = false;
  }
  if (decision.verdict != Verdict::kAccepted || command.derived_id || command.id.empty() ||
      !IsUsers(decision)) {
    return;
  }
  AcceptedCommand& accepted = state_.accepted[{command.entity, command.id}];
  findings_.Expect(
      !accepted.payload || accepted.time + *state_.settings.idempotency_window <= decision.time,
      "I12", "{}:{} accepts id {} of {} a second time", state_.partition, sequence, command.id,
      command.entity);
  accepted = {command.payload, command.expected_version, sequence, decision.time,
              decision.reply_deferred};
}

bool LogObserver::IsSetAside(std::string_view entity) const {
  const ObservedEntity* found = Find(entity);
  return found && found->SetAside();
}

ObservedEntity& LogObserver::EntityOf(const EntityKey& key) {
  const std::string text = key.ToString();
  if (const auto found = state_.entities.find(text); found != state_.entities.end()) {
    return found->second;
  }
  ObservedEntity entity;
  entity.key = key;
  entity.kind = kinds_.Find(key.kind);
  entity.items = std::make_unique<testing::MapItems>();
  entity.state = entity.kind->make();
  entity.state->items.set_source(entity.items.get());
  return state_.entities.emplace(text, std::move(entity)).first->second;
}

const ObservedEntity* LogObserver::Find(std::string_view entity) const {
  const auto found = state_.entities.find(entity);
  return found == state_.entities.end() ? nullptr : &found->second;
}

size_t LogObserver::AwaitedReplies() const {
  return static_cast<size_t>(
      std::count_if(state_.accepted.begin(), state_.accepted.end(),
                    [](const auto& entry) { return entry.second.awaits_reply; }));
}

}  // namespace sluice::simulator
