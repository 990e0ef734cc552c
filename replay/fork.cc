#include "replay/fork.h"

#include "engine/command_json.h"
#include "replay/fork_world.h"
#include "replay/timeline.h"

namespace sluice::replay {
namespace {

class Forking {
 public:
  Forking(const Archive& archive, const ForkChanges& changes)
      : archive_(archive),
        changes_(changes),
        made_changes_(changes),
        made_(std::make_unique<MemoryArchive>(archive.kinds(), archive.partitions())) {
    for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
      originals_.push_back(std::make_unique<RecordedPartition>(archive, partition));
    }
    world_ = std::make_unique<ForkWorld>(originals_, *made_, made_changes_);
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
    for (uint32_t partition = 0; partition < originals_.size(); ++partition) {
      report_.decisions += made_->End(partition);
      // Each record names the hash of the one before it.
      const PartitionState& original = originals_[partition]->fold().state();
      const PartitionState& fork = world_->fork(partition).state();
      report_.identical = report_.identical && fork.next_sequence == original.next_sequence &&
                          fork.chain == original.chain;
    }
    if (const auto& unmade = made_changes_.unmade(); !unmade.empty()) {
      return Err(ErrorCode::kInvalid, "no decision of the log is on '{}'", *unmade.begin());
    }
    report_.applied = made_changes_.Lines();
    world_.reset();  // It writes to what is given away.
    return Forked{.archive = std::move(made_), .report = std::move(report_)};
  }

 private:
  Result<void> Step(uint32_t partition) {
    RecordedPartition& original = *originals_[partition];
    auto head = original.Head();
    if (!head) return tl::unexpected(head.error());
    const LogRecord record = **head;
    const Time time = TimeOfRecord(record);
    if (auto named = RefuseInside(record); !named) return named;
    if (auto advanced = world_->AdvanceTo(time); !advanced) return advanced;
    if (auto inserted = Insert(record); !inserted) return inserted;
    auto decided = IsFromOutside(record) ? DecideOutside(record, time) : world_->Decide(record);
    if (!decided) return decided;
    if (auto passed = original.Pass(); !passed) return passed;
    world_->Pass(record);
    return world_->AdvanceTo(time);
  }

  // A change names it by its id, and it comes of itself.
  Result<void> RefuseInside(const LogRecord& record) const {
    if (IsFromOutside(record) || !record.decision || !record.decision->command) return {};
    const Command& command = *record.decision->command;
    if (command.forwarded || !made_changes_.unmade().contains(command.id)) return {};
    return NotFromOutside(archive_, command.id, record);
  }

  Result<void> DecideOutside(const LogRecord& record, Time time) {
    const Decision& decision = *record.decision;
    Command command = *decision.command;
    const std::string position = FormatPosition(record.partition, record.sequence);
    const std::string id = command.id;
    std::string edited_name;
    // Its id came from its origin, and does again.
    if (command.derived_id) command.id.clear();
    for (const std::string& name : {id, position}) {
      if (changes_.drop.contains(name)) {
        world_->Diverge();
        made_changes_.Note("dropped", name, nullptr);
        return {};
      }
      if (const auto edit = changes_.edit.find(name); edit != changes_.edit.end()) {
        auto edited = EditedCommand(command, edit->second, archive_.kinds());
        if (!edited) return Err(ErrorCode::kInvalid, "edit {}: {}", name, edited.error().message);
        command = std::move(*edited);
        edited_name = name;
      }
      if (const auto delay = changes_.delay.find(name); delay != changes_.delay.end()) {
        if (!edited_name.empty()) made_changes_.Note("edited", edited_name, nullptr);
        world_->Delay(time + delay->second, {record.partition, name, std::move(command)});
        return {};
      }
    }
    const uint64_t offset = decision.origin->offset;
    if (!edited_name.empty()) {
      return world_->DecideChanged("edited", edited_name, record.partition, time, offset, command);
    }
    if (world_->diverged() && IsReport(command)) {
      world_->Hold(record, std::move(command));
      return {};
    }
    return world_->DecideUsers(record.partition, time, offset, command);
  }

  Result<void> Insert(const LogRecord& record) {
    const std::string position = FormatPosition(record.partition, record.sequence);
    for (auto [at, end] = changes_.insert.equal_range(position); at != end; ++at) {
      auto command = CommandFromJson(at->second, archive_.kinds());
      if (!command) return tl::unexpected(command.error());
      const uint32_t partition = archive_.PartitionOf(command->entity);
      auto decided = world_->DecideChanged("inserted before", position, partition,
                                           TimeOfRecord(record), 0, *command);
      if (!decided) return decided;
    }
    return {};
  }

  Result<void> FinishUp() {
    if (!world_->diverged()) return {};
    const auto left_out = world_->Finish();
    if (!left_out) return tl::unexpected(left_out.error());
    for (const HeldReport& report : *left_out) {
      report_.left_out.push_back(
          {report.position, report.command.entity, CommandText(report.command)});
    }
    ListMissing();
    return {};
  }

  // What stays pending in the fork and not in the original.
  void ListMissing() {
    std::vector<std::string>& missing = report_.missing;
    for (uint32_t partition = 0; partition < originals_.size(); ++partition) {
      const auto& recorded = originals_[partition]->fold().entities();
      world_->fork(partition).Visit([&](const std::string& entity, const EntityState& state) {
        const auto known = recorded.find(entity);
        AddMissing(entity, *archive_.kinds().Find(entity.substr(0, entity.find('/'))),
                   known == recorded.end() ? nullptr : known->second.state.get(), state, &missing);
      });
    }
  }

  const Archive& archive_;
  const ForkChanges& changes_;
  ChangesMade made_changes_;
  std::unique_ptr<MemoryArchive> made_;
  ForkWorld::Originals originals_;
  std::unique_ptr<ForkWorld> world_;
  ForkReport report_;
};

}  // namespace

Result<Forked> MakeFork(const Archive& original, const ForkChanges& changes,
                        const std::function<bool(uint64_t done, uint64_t total)>& on_progress) {
  if (!original.IsWhole()) {
    return Err(ErrorCode::kInvalid,
               "a part of a log cannot be forked: it does not chain; what is there has been "
               "checked against the export's own hashes");
  }
  if (auto checked = CheckChanges(original, changes); !checked) {
    return tl::unexpected(checked.error());
  }
  Forking forking(original, changes);
  if (auto ran = forking.Run(on_progress); !ran) return tl::unexpected(ran.error());
  return forking.Take();
}

}  // namespace sluice::replay
