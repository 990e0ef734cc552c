#include "replay/fork_changes.h"

#include <algorithm>

#include "engine/command_json.h"
#include "events/epoch.h"
#include "replay/causes.h"
#include "replay/recorded_partition.h"

namespace sluice::replay {
namespace {

// The record at the position that `name` is; nullopt: it is an id.
Result<std::optional<LogRecord>> RecordNamed(const Archive& archive, std::string_view what,
                                             const std::string& name) {
  const auto position = ParsePosition(name, archive.partitions());
  if (!position) return std::optional<LogRecord>();
  auto record = archive.Record(*position);
  if (!record) return Err(ErrorCode::kInvalid, "{} {}: {}", what, name, record.error().message);
  return std::optional(std::move(*record));
}

Result<void> CheckOutside(const Archive& archive, std::string_view what, const std::string& name) {
  const auto record = RecordNamed(archive, what, name);
  if (!record) return tl::unexpected(record.error());
  if (!*record || IsFromOutside(**record)) return {};
  return NotFromOutside(archive, fmt::format("{} {}", what, name), **record);
}

std::string WhatItIs(const LogRecord& record) {
  if (!record.decision) return "the beginning of a term";
  const Decision& decision = *record.decision;
  if (!decision.command) return "a decision on bytes that could not be read";
  const Command& command = *decision.command;
  const std::string text = CommandText(command);
  if (command.payload.As<TimerDue>() != nullptr) {
    return fmt::format("a timer of {} ({})", command.entity, text);
  }
  const std::string to = command.entity.empty() ? "the partition" : command.entity;
  return fmt::format("a follow-up to {} ({} from {})", to, text,
                     command.source ? command.source->entity : "the engine");
}

}  // namespace

bool IsFromOutside(const LogRecord& record) {
  return record.decision && record.decision->command && record.decision->origin &&
         record.decision->origin->input == Input::kCommands &&
         OpenedEpoch(*record.decision) == nullptr;
}

tl::unexpected<Error> NotFromOutside(const Archive& archive, const std::string& changed,
                                     const LogRecord& record) {
  const std::string position = FormatPosition(record.partition, record.sequence);
  std::string led;
  const auto chain = BackwardChain(archive, {record.partition, record.sequence});
  if (chain && chain->size() > 1) {
    const Json& first = chain->back();
    led = fmt::format("; {} of {} at {} led to it", first.value("command", ""),
                      first.value("entity", ""), first.value("position", ""));
  }
  return Err(ErrorCode::kInvalid, "{}: {} is {}, no command from outside{}", changed,
             changed.ends_with(position) ? "it" : position, WhatItIs(record), led);
}

Result<void> CheckChanges(const Archive& archive, const ForkChanges& changes) {
  for (const std::string& name : changes.drop) {
    if (auto checked = CheckOutside(archive, "drop", name); !checked) return checked;
  }
  for (const auto& [name, by] : changes.delay) {
    if (by < Duration{}) {
      return Err(ErrorCode::kInvalid, "delay {}: '{}' is negative; a command can only come later",
                 name, FormatDuration(by));
    }
    if (auto checked = CheckOutside(archive, "delay", name); !checked) return checked;
  }
  for (const auto& [name, payload] : changes.edit) {
    if (auto checked = CheckOutside(archive, "edit", name); !checked) return checked;
    const auto record = RecordNamed(archive, "edit", name);
    if (!record || !*record) continue;
    const auto edited = EditedCommand(*(*record)->decision->command, payload, archive.kinds());
    if (!edited) return Err(ErrorCode::kInvalid, "edit {}: {}", name, edited.error().message);
  }
  for (const auto& [at, command] : changes.insert) {
    const auto record = RecordNamed(archive, "insert", at);
    if (!record) return tl::unexpected(record.error());
    if (!*record) return Err(ErrorCode::kInvalid, "insert {}: is no position of the log", at);
    if (const auto read = CommandFromJson(command, archive.kinds()); !read) {
      return Err(ErrorCode::kInvalid, "insert {}: {}", at, read.error().message);
    }
  }
  return {};
}

ChangesMade::ChangesMade(const ForkChanges& changes) {
  unmade_ = changes.drop;
  for (const auto& [id, payload] : changes.edit) unmade_.insert(id);
  for (const auto& [at, command] : changes.insert) unmade_.insert(at);
  for (const auto& [id, by] : changes.delay) unmade_.insert(id);
}

void ChangesMade::Note(std::string_view what, const std::string& name, const LogRecord* decided) {
  unmade_.erase(name);
  std::string line = fmt::format("{} {}", what, name);
  const Decision* decision = decided != nullptr ? &*decided->decision : nullptr;
  if (decision != nullptr && decision->verdict != Verdict::kAccepted) {
    line += fmt::format(": {} in the fork", ToString(decision->verdict));
    if (const auto& rejection = decision->rejection) {
      line += fmt::format(": {}: {}{}{}", ToString(rejection->code), rejection->field,
                          rejection->field.empty() ? "" : ": ", rejection->message);
    }
  }
  const auto same = std::find_if(made_.begin(), made_.end(),
                                 [&](const auto& other) { return other.first == line; });
  if (same != made_.end()) {
    ++same->second;
  } else {
    made_.emplace_back(std::move(line), 1);
  }
}

std::vector<std::string> ChangesMade::Lines() const {
  std::vector<std::string> lines;
  for (const auto& [line, count] : made_) {
    lines.push_back(count == 1 ? line : fmt::format("{} ({} times)", line, count));
  }
  return lines;
}

}  // namespace sluice::replay
