#include "cli/history.h"

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

// A command or event is shown by its type: a string, or an object that has it under one of these.
std::string TypeOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) {
    for (const char* name : {"type", "command", "verb", "timer", "id"}) {
      const auto found = value.find(name);
      if (found == value.end()) continue;
      if (found->is_string()) return found->get<std::string>();
      if (found->is_object()) return TypeOf(*found);
    }
    if (value.contains("payload")) return TypeOf(value["payload"]);
  }
  return value.is_null() ? "" : value.dump();
}

std::string TypesOf(const json& values) {
  if (!values.is_array()) return TypeOf(values);
  std::string text;
  for (const json& value : values) text += (text.empty() ? "" : ", ") + TypeOf(value);
  return text;
}

const json& At(const json& item, const char* name) {
  static const json kNone;
  const auto found = item.is_object() ? item.find(name) : item.end();
  return found == item.end() ? kNone : *found;
}

std::string Effects(const json& effects) {
  if (!effects.is_object()) return TypesOf(effects);
  std::string text;
  for (const auto& [kind, values] : effects.items()) {
    const std::string types = TypesOf(values);
    if (!types.empty()) text += (text.empty() ? "" : "; ") + kind + ": " + types;
  }
  return text;
}

// Facts by their names, then in brackets the conditions that changed: "CutoverCompleted
// [Ready=True]". What is only the entity's bookkeeping is left to `-o wide` and JSON.
std::string EventsInShort(const json& events, bool wide) {
  if (!events.is_array()) return TypesOf(events);
  std::string facts;
  std::string conditions;
  for (const json& event : events) {
    const std::string type = TypeOf(event);
    const json& condition = At(At(event, "payload"), "condition");
    if (type == "ConditionChanged" && condition.is_object()) {
      conditions += (conditions.empty() ? "" : " ") + condition.value("type", "") + "=" +
                    condition.value("status", "");
    } else if (wide || (type != "OutcomeNumbered" && type != "ObservedGenerationChanged")) {
      facts += (facts.empty() ? "" : ", ") + type;
    }
  }
  if (conditions.empty()) return facts;
  return facts + (facts.empty() ? "[" : " [") + conditions + "]";
}

std::string WhatCame(const json& item, bool wide) {
  const json& rejection = At(item, "rejection");
  if (!rejection.is_object()) return EventsInShort(At(item, "events"), wide);
  return RejectionReason(rejection);
}

// The fields that changed, the last step of their paths with what they became; conditions are among
// the events already.
std::string ChangesInShort(const json& changes, bool wide) {
  constexpr size_t kShownMax = 3;
  constexpr size_t kShortCharactersMax = 40;
  std::string text;
  size_t shown = 0;
  size_t left_out = 0;
  if (!changes.is_array()) return text;
  for (const json& change : changes) {
    const std::string path = change.value("path", "");
    if (path.starts_with("status.conditions") || path == "status.phase") continue;
    if (!wide && shown == kShownMax) {
      ++left_out;
      continue;
    }
    ++shown;
    std::string value = At(change, "after").is_null() ? "(gone)" : At(change, "after").dump();
    if (value.size() > kShortCharactersMax) value = value.substr(0, kShortCharactersMax) + "...";
    text += (text.empty() ? "" : ", ") + path + "=" + value;
  }
  if (left_out > 0) text += fmt::format(" and {} more", left_out);
  return text;
}

// Who asked: the actor a user named, or the entity whose decision sent it.
std::string Actor(const json& item) {
  std::string actor = Member(item, "actor");
  if (!actor.empty() && actor != "<none>") return actor;
  const std::string sender = Member(At(item, "command"), "sender");
  if (!sender.empty() && sender != "<none>") return sender;
  return TypeOf(At(item, "command")) == "TimerDue" ? "timer" : "<none>";
}

}  // namespace

std::string HistoryPath(const ObjectRef& ref) {
  return "/history/" + ref.kind.singular + "/" + PercentEncode(ref.namespace_) + "/" +
         PercentEncode(ref.name);
}

std::vector<std::string> HistoryHeadings(HistoryView view) {
  std::vector<std::string> headings{"POSITION", "TIME", "ACTOR", "COMMAND", "VERDICT"};
  if (view.changes) headings.emplace_back("TRANSITION");
  headings.emplace_back("EVENTS");
  if (view.changes) headings.emplace_back("CHANGED");
  if (view.wide) headings.emplace_back("EFFECTS");
  return headings;
}

std::vector<std::string> HistoryCells(const json& item, HistoryView view) {
  const auto or_none = [](std::string text) { return text.empty() ? "<none>" : std::move(text); };
  std::vector<std::string> cells{Member(item, "position"), Member(item, "time"), Actor(item),
                                 or_none(TypeOf(At(item, "command"))), Member(item, "verdict")};
  // Of a part of a log that does not have what was before.
  const bool unknown = item.value("stateUnknown", false);
  if (view.changes) cells.push_back(unknown ? "<unknown>" : Member(item, "transition"));
  cells.push_back(or_none(WhatCame(item, view.wide)));
  if (view.changes) {
    cells.push_back(unknown ? "<unknown>"
                            : or_none(ChangesInShort(At(item, "changes"), view.wide)));
  }
  if (view.wide) cells.push_back(or_none(Effects(At(item, "effects"))));
  return cells;
}

}  // namespace sluice::cli
