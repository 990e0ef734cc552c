#include "machines/common/print_machines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sluice {
namespace {

// Edges of a diagram: (from, to) and every event on it, in the table's order.
std::vector<std::pair<std::pair<uint8_t, uint8_t>, std::vector<std::string_view>>> Edges(
    const KindInfo& kind) {
  std::vector<std::pair<std::pair<uint8_t, uint8_t>, std::vector<std::string_view>>> edges;
  for (const RawTransition& transition : kind.transitions) {
    const std::pair ends{transition.from, transition.to};
    auto edge = std::find_if(edges.begin(), edges.end(),
                             [&](const auto& known) { return known.first == ends; });
    if (edge == edges.end()) edge = edges.insert(edges.end(), {ends, {}});
    edge->second.push_back(transition.event);
  }
  return edges;
}

std::set<uint8_t> Phases(const KindInfo& kind) {
  std::set<uint8_t> phases;
  for (size_t number = 0; number < kind.phase_names.size(); ++number) {
    if (!kind.phase_names[number].empty()) phases.insert(static_cast<uint8_t>(number));
  }
  return phases;
}

std::string Joined(const std::vector<std::string_view>& words, std::string_view between) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

std::string Text(const KindInfo& kind) {
  size_t from_width = 4;
  size_t event_width = 5;
  for (const RawTransition& edge : kind.transitions) {
    from_width = std::max(from_width, kind.PhaseName(edge.from).size());
    event_width = std::max(event_width, edge.event.size());
  }
  std::string out = kind.name + "\n";
  const auto row = [&](std::string_view from, std::string_view event, std::string_view to) {
    out += fmt::format("  {:<{}}   {:<{}}   {}\n", from, from_width, event, event_width, to);
  };
  row("FROM", "EVENT", "TO");
  for (const RawTransition& edge : kind.transitions) {
    row(kind.PhaseName(edge.from), edge.event, kind.PhaseName(edge.to));
  }
  std::vector<std::string_view> users;
  std::vector<std::string_view> internal;
  for (const CommandInfo& command : kind.commands) {
    (command.type->is_internal ? internal : users).push_back(command.type->wire_name);
  }
  if (!users.empty()) out += "  commands: " + Joined(users, " ") + "\n";
  if (!internal.empty()) out += "  internal: " + Joined(internal, " ") + "\n";
  return out;
}

std::string Dot(const KindInfo& kind) {
  const auto node = [&](uint8_t phase) {
    return fmt::format("\"{}/{}\"", kind.name, kind.PhaseName(phase));
  };
  std::string out =
      fmt::format("  subgraph \"cluster_{}\" {{\n    label=\"{}\";\n", kind.name, kind.name);
  for (const uint8_t phase : Phases(kind)) {
    out += fmt::format("    {} [label=\"{}\"];\n", node(phase), kind.PhaseName(phase));
  }
  for (const auto& [ends, events] : Edges(kind)) {
    out += fmt::format("    {} -> {} [label=\"{}\"];\n", node(ends.first), node(ends.second),
                       Joined(events, "\\n"));
  }
  return out + "  }\n";
}

std::string Mermaid(const KindInfo& kind) {
  std::string out = "stateDiagram-v2\n";
  for (const uint8_t phase : Phases(kind)) out += "  " + kind.PhaseName(phase) + "\n";
  for (const auto& [ends, events] : Edges(kind)) {
    out += fmt::format("  {} --> {} : {}\n", kind.PhaseName(ends.first),
                       kind.PhaseName(ends.second), Joined(events, "<br/>"));
  }
  return out;
}

}  // namespace

std::string PrintMachines(const std::vector<const KindInfo*>& kinds, MachineFormat format) {
  std::string out;
  for (const KindInfo* kind : kinds) {
    switch (format) {
      case MachineFormat::kText:
        out += (out.empty() ? "" : "\n") + Text(*kind);
        continue;
      case MachineFormat::kDot:
        out += Dot(*kind);
        continue;
      case MachineFormat::kMermaid:
        // A lone diagram is valid as it stands; of several, each goes into a block of its own.
        if (kinds.size() > 1) out += "%% " + kind->name + "\n";
        out += Mermaid(*kind);
        continue;
    }
    Unreachable();
  }
  if (format != MachineFormat::kDot) return out;
  return "digraph sluice {\n  node [shape=box, style=rounded];\n" + out + "}\n";
}

}  // namespace sluice
