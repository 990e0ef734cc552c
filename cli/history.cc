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

std::string WhatCame(const json& item) {
  const json& rejection = At(item, "rejection");
  if (!rejection.is_object()) return TypesOf(At(item, "events"));
  return RejectionReason(rejection);
}

}  // namespace

std::string HistoryPath(const ObjectRef& ref) {
  return "/history/" + ref.kind.singular + "/" + PercentEncode(ref.namespace_) + "/" +
         PercentEncode(ref.name);
}

std::vector<std::string> HistoryHeadings(bool wide) {
  std::vector<std::string> headings{"POSITION", "TIME", "ACTOR", "COMMAND", "VERDICT", "EVENTS"};
  if (wide) headings.emplace_back("EFFECTS");
  return headings;
}

std::vector<std::string> HistoryCells(const json& item, bool wide) {
  const auto or_none = [](std::string text) { return text.empty() ? "<none>" : std::move(text); };
  std::vector<std::string> cells{Member(item, "position"), Member(item, "time"),
                                 Member(item, "actor"),    or_none(TypeOf(At(item, "command"))),
                                 Member(item, "verdict"),  or_none(WhatCame(item))};
  if (wide) cells.push_back(or_none(Effects(At(item, "effects"))));
  return cells;
}

}  // namespace sluice::cli
