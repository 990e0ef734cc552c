#include "cli/differences.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/run.h"
#include "cli/whole_log.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

json ParsedOrNull(const std::string& text) {
  return text.empty() ? json() : json::parse(text, nullptr, false);
}

// As `diff` calls it.
std::string_view ChangeSince(replay::ForkDifference::Change change) {
  switch (change) {
    case replay::ForkDifference::Change::kChanged:
      return "changed";
    case replay::ForkDifference::Change::kOnlyInFork:
      return "created";
    case replay::ForkDifference::Change::kNotInFork:
      return "deleted";
  }
  Unreachable();
}

bool IsSelected(const Parameters& selection, std::string_view entity) {
  const size_t slash = entity.find('/');
  return std::all_of(selection.begin(), selection.end(), [&](const auto& part) {
    const auto& [name, value] = part;
    if (name == "entity") return entity == value;
    if (name == "kind") return entity.substr(0, slash) == value;
    return entity.substr(slash + 1).starts_with(value + "/");
  });
}

Outcome<WholeLog> Load(Session& session, const AgainstOptions& options) {
  auto log = LoadWholeLog(session, "diff --against", options.to);
  if (log && !log->archive->IsWhole()) {
    return Fail(Exit::kBadInput, "diff --against: {} is a part of a log, and has no end to compare",
                session.api().address());
  }
  return log;
}

}  // namespace

json DifferenceJson(const replay::ForkDifference& difference, std::string_view change) {
  json fields = json::array();
  for (const FieldDiff& field : difference.fields) {
    fields.push_back({{"path", field.path},
                      {"before", ParsedOrNull(field.before)},
                      {"after", ParsedOrNull(field.after)}});
  }
  return {{"entity", difference.entity}, {"change", change}, {"fields", std::move(fields)}};
}

void PrintDifference(const json& difference, std::ostream& out) {
  out << difference.value("entity", "") << "  " << difference.value("change", "") << '\n';
  for (const json& field : difference.at("fields")) {
    const bool whole = field.value("path", "").empty();
    if (!whole) PrintChanges(json::array({field}), "  ", out);
    if (!field.contains("by")) continue;
    const json& by = field["by"];
    out << (whole ? "  by " : "    by ") << by.value("position", "") << "  "
        << by.value("command", "");
    if (by.contains("sender")) {
      out << " from " << by.value("sender", "");
    } else if (by.contains("actor")) {
      out << " by " << by.value("actor", "");
    }
    out << "  " << by.value("time", "") << '\n';
  }
}

Outcome<Exit> DiffAgainst(Session& session, const AgainstOptions& options) {
  auto api = OpenData(options.path, false, session.env());
  if (!api) return Again(api.error());
  Session other(session.env(), *std::move(api), session.namespace_name());
  const auto before = Load(other, options);
  if (!before) return Again(before.error());
  const auto after = Load(session, options);
  if (!after) return Again(after.error());
  size_t entities = 0;
  const auto differences =
      replay::CompareEnds(*before->archive, *after->archive, [&](std::string_view entity) {
        const bool selected = IsSelected(options.selection, entity);
        entities += selected ? 1 : 0;
        return selected;
      });
  if (!differences) return FromError(differences.error());
  json result{{"against", options.path},
              {"entities", entities},
              {"differ", differences->size()},
              {"items", json::array()}};
  for (const auto& one : *differences) {
    result["items"].push_back(DifferenceJson(one, ChangeSince(one.change)));
  }
  std::ostream& out = session.env().out;
  if (!options.output.is_table()) {
    PrintValue(result, options.output, out);
    return Exit::kDone;
  }
  bool first = true;
  for (const json& item : result["items"]) {
    if (!std::exchange(first, false)) out << '\n';
    PrintDifference(item, out);
  }
  if (first) session.env().err << "Nothing differs from " << options.path << ".\n";
  return Exit::kDone;
}

}  // namespace sluice::cli
