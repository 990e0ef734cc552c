#include "replay/fork.h"

#include <algorithm>
#include <deque>

#include "engine/command_json.h"
#include "events/epoch.h"
#include "replay/fork_partition.h"
#include "replay/fork_reports.h"
#include "replay/recorded_partition.h"
#include "replay/timeline.h"

namespace sluice::replay {
namespace {

struct Delayed {
  Time until;
  Command command;
};

class Forking {
 public:
  Forking(const Archive& archive, const ForkChanges& changes)
      : archive_(archive),
        changes_(changes),
        made_(std::make_unique<MemoryArchive>(archive.kinds(), archive.partitions())) {
    for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
      originals_.push_back(std::make_unique<RecordedPartition>(archive, partition));
      forks_.push_back(std::make_unique<ForkPartition>(*made_, partition));
    }
    waiting_.resize(forks_.size(), std::vector<std::deque<Bytes>>(forks_.size()));
    expected_.resize(forks_.size(), std::vector<uint64_t>(forks_.size()));
    delayed_.resize(forks_.size());
  }

  Result<void> Run(const std::function<bool(uint64_t, uint64_t)>& on_progress) {
    uint64_t total = 0;
    for (const uint64_t end : archive_.Now()) total += end;
    while (true) {
      auto next = NextInTime(originals_);
      if (!next) return tl::unexpected(next.error());
      if (!*next) break;
      if (auto stepped = Step(**next); !stepped) return stepped;
      if (++report_.original % 1024 == 0 && on_progress && !on_progress(report_.original, total)) {
        return Err(ErrorCode::kUnavailable, "interrupted");
      }
    }
    return FinishUp();
  }

  Result<Forked> Take() {
    report_.identical = true;
    for (uint32_t partition = 0; partition < forks_.size(); ++partition) {
      report_.decisions += made_->End(partition);
      // Each record names the hash of the one before it.
      const PartitionState& original = originals_[partition]->fold().state();
      const PartitionState& fork = forks_[partition]->state();
      report_.identical = report_.identical && fork.next_sequence == original.next_sequence &&
                          fork.chain == original.chain;
    }
    if (!unmade_.empty()) {
      return Err(ErrorCode::kInvalid, "no decision of the log is on '{}'", *unmade_.begin());
    }
    forks_.clear();  // They write to what is given away.
    return Forked{.archive = std::move(made_), .report = std::move(report_)};
  }

  // Every change must be of something.
  void NoteChanges() {
    for (const std::string& id : changes_.drop) unmade_.insert(id);
    for (const auto& [id, payload] : changes_.edit) unmade_.insert(id);
    for (const auto& [at, command] : changes_.insert) unmade_.insert(at);
    for (const auto& [id, by] : changes_.delay) unmade_.insert(id);
  }

 private:
  Result<void> Step(uint32_t partition) {
    RecordedPartition& original = *originals_[partition];
    auto head = original.Head();
    if (!head) return tl::unexpected(head.error());
    const LogRecord record = **head;
    const Time time = TimeOfRecord(record);
    if (auto inserted = Insert(record); !inserted) return inserted;
    if (auto released = ReleaseDelayed(partition, time); !released) return released;
    auto decided = Decide(partition, record, time);
    if (!decided) return decided;
    if (record.decision) NoteSent(partition, *record.decision);
    if (auto passed = original.Pass(); !passed) return passed;
    return DecideExtra(time);
  }

  Result<void> Decide(uint32_t partition, const LogRecord& record, Time time) {
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
    return DecideOutside(partition, record, time);
  }

  // The next follow-up of `source` that the fork has for `target`, if it has one.
  Result<void> DecideFollowUp(uint32_t source, uint32_t target, Time time, uint64_t offset) {
    auto& queue = waiting_[source][target];
    if (queue.empty()) return {};
    Bytes payload = std::move(queue.front());
    queue.pop_front();
    return Send(target, forks_[target]->DecideInternal(time, offset, std::move(payload)));
  }

  Result<void> DecideOutside(uint32_t partition, const LogRecord& record, Time time) {
    const Decision& decision = *record.decision;
    Command command = *decision.command;
    const std::string position = FormatPosition(record.partition, record.sequence);
    const std::string id = command.id;
    // Its id came from its origin, and does again.
    if (command.derived_id) command.id.clear();
    for (const std::string& name : {id, position}) {
      if (changes_.drop.contains(name)) return Made("dropped", name);
      if (const auto edit = changes_.edit.find(name); edit != changes_.edit.end()) {
        auto edited = EditedCommand(command, edit->second, archive_.kinds());
        if (!edited) return Err(ErrorCode::kInvalid, "edit {}: {}", name, edited.error().message);
        command = std::move(*edited);
        if (auto made = Made("edited", name); !made) return made;
      }
      if (const auto delay = changes_.delay.find(name); delay != changes_.delay.end()) {
        delayed_[partition].push_back({time + delay->second, std::move(command)});
        return Made("delayed", name);
      }
    }
    if (IsReport(command) && !IsCausedHere(partition, &command)) {
      report_.left_out.push_back(
          {{record.partition, record.sequence}, command.entity, CommandText(command)});
      diverged_ = true;
      return {};
    }
    return Send(partition, forks_[partition]->DecideUsers(time, decision.origin->offset, command));
  }

  // Whether what the report answers is pending in the fork, too.
  bool IsCausedHere(uint32_t partition, Command* command) const {
    if (!diverged_) return true;
    const auto& entities = originals_[partition]->fold().entities();
    const auto found = entities.find(command->entity);
    const EntityState* there = forks_[partition]->Find(command->entity);
    if (found == entities.end() || there == nullptr || !there->Exists()) return false;
    return IsReportOn(found->second, *there, command);
  }

  Result<void> Insert(const LogRecord& record) {
    const std::string position = FormatPosition(record.partition, record.sequence);
    for (auto [at, end] = changes_.insert.equal_range(position); at != end; ++at) {
      auto command = CommandFromJson(at->second, archive_.kinds());
      if (!command)
        return Err(ErrorCode::kInvalid, "insert {}: {}", position, command.error().message);
      const uint32_t partition = archive_.PartitionOf(command->entity);
      if (auto made = Made("inserted before", position); !made) return made;
      auto sent =
          Send(partition, forks_[partition]->DecideUsers(TimeOfRecord(record), 0, *command));
      if (!sent) return sent;
    }
    return {};
  }

  Result<void> ReleaseDelayed(uint32_t partition, Time time) {
    auto& delayed = delayed_[partition];
    for (auto at = delayed.begin(); at != delayed.end();) {
      if (at->until > time) {
        ++at;
        continue;
      }
      const Delayed due = std::move(*at);
      at = delayed.erase(at);
      auto sent = Send(partition, forks_[partition]->DecideUsers(due.until, 0, due.command));
      if (!sent) return sent;
    }
    return {};
  }

  Result<void> Made(std::string_view what, const std::string& name) {
    unmade_.erase(name);
    report_.applied.push_back(fmt::format("{} {}", what, name));
    diverged_ = true;
    return {};
  }

  // How many follow-ups the original has under way, to keep the fork as far.
  void NoteSent(uint32_t partition, const Decision& decision) {
    for (const FollowUp& sent : decision.effects.follow_ups) {
      ++expected_[partition][sent.target_partition];
    }
  }

  // Takes over what the fork's decision sent.
  Result<void> Send(uint32_t partition, Result<std::vector<FollowUpRecord>> sent) {
    if (!sent) return tl::unexpected(sent.error());
    for (FollowUpRecord& follow_up : *sent) {
      waiting_[partition][follow_up.target_partition].push_back(std::move(follow_up.payload));
    }
    return {};
  }

  // What the original has no like of is decided as soon as it is there.
  Result<void> DecideExtra(Time time) {
    if (!diverged_) return {};
    for (bool again = true; again;) {
      again = false;
      for (uint32_t target = 0; target < forks_.size(); ++target) {
        for (uint32_t source = 0; source < forks_.size(); ++source) {
          if (waiting_[source][target].size() <= expected_[source][target]) continue;
          if (auto decided = DecideFollowUp(source, target, time, 0); !decided) return decided;
          again = true;
        }
        auto fired = forks_[target]->DecideDue(time);
        if (!fired) return tl::unexpected(fired.error());
        again = again || fired->any;
        if (auto sent = Send(target, std::move(fired->sent)); !sent) return sent;
      }
    }
    return {};
  }

  Result<void> FinishUp() {
    Time last;
    for (const auto& fork : forks_) last = std::max(last, fork->decision_time());
    for (uint32_t partition = 0; partition < forks_.size(); ++partition) {
      for (auto& row : expected_) row.assign(row.size(), diverged_ ? 0 : UINT64_MAX);
      Time until = last;
      for (const Delayed& delayed : delayed_[partition]) until = std::max(until, delayed.until);
      if (auto released = ReleaseDelayed(partition, until); !released) return released;
    }
    if (auto decided = DecideExtra(last); !decided) return decided;
    if (diverged_) ListMissing();
    return {};
  }

  // What stays pending in the fork and not in the original.
  void ListMissing() {
    std::vector<std::string>& missing = report_.missing;
    for (uint32_t partition = 0; partition < forks_.size(); ++partition) {
      const auto& recorded = originals_[partition]->fold().entities();
      forks_[partition]->Visit([&](const std::string& entity, const EntityState& state) {
        const auto known = recorded.find(entity);
        AddMissing(entity, *archive_.kinds().Find(entity.substr(0, entity.find('/'))),
                   known == recorded.end() ? nullptr : known->second.state.get(), state, &missing);
      });
    }
  }

  const Archive& archive_;
  const ForkChanges& changes_;
  std::unique_ptr<MemoryArchive> made_;
  std::vector<std::unique_ptr<RecordedPartition>> originals_;
  std::vector<std::unique_ptr<ForkPartition>> forks_;
  std::vector<std::vector<std::deque<Bytes>>> waiting_;  // by source, target: sent, not decided
  std::vector<std::vector<uint64_t>> expected_;          // the same of the original: how many
  std::vector<std::vector<Delayed>> delayed_;
  std::set<std::string> unmade_;
  bool diverged_ = false;
  ForkReport report_;
};

}  // namespace

Result<Forked> MakeFork(const Archive& original, const ForkChanges& changes,
                        const std::function<bool(uint64_t done, uint64_t total)>& on_progress) {
  if (!original.IsWhole()) {
    return Err(ErrorCode::kInvalid,
               "a part of a log cannot be forked: what is left out would be "
               "missing");
  }
  Forking forking(original, changes);
  forking.NoteChanges();
  if (auto ran = forking.Run(on_progress); !ran) return tl::unexpected(ran.error());
  return forking.Take();
}

}  // namespace sluice::replay
