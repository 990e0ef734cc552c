#include <array>

#include "bench/debugger.h"
#include "bench/groups.h"

namespace sluice::bench {
namespace {

struct Group {
  std::string_view name;
  Result<Measurements> (*run)(const BenchOptions&, DataSet&);
};

constexpr std::array<Group, 8> kGroups = {{
    {"embedded", &RunEmbedded},
    {"latency", &RunLatency},
    {"replay", &RunReplay},
    {"query", &RunQuery},
    {"collections", &RunCollections},
    {"kafka", &RunKafka},
    {"planes", &RunPlanes},
    {"debugger", &RunDebugger},
}};

}  // namespace

std::vector<std::string> GroupNames() {
  std::vector<std::string> names{"all"};
  for (const Group& group : kGroups) names.emplace_back(group.name);
  return names;
}

Result<Measurements> RunParts(const BenchOptions& options, std::string_view group,
                              std::initializer_list<Part> parts) {
  Measurements all;
  std::string names;
  for (const Part& part : parts) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", part.name);
    if (!options.Wants(part.name) || options.stop.stop_requested()) continue;
    auto measured = part.measure();
    if (!measured) return measured;
    for (Measurement& one : *measured) all.push_back(std::move(one));
  }
  if (!all.empty() || options.stop.stop_requested()) return all;
  return Err(ErrorCode::kInvalid, "{} has no part '{}'; it has {}", group, options.only, names);
}

Result<Measurements> RunGroups(const BenchOptions& options, std::string_view group) {
  Measurements all;
  bool found = false;
  DataSet data(options);
  for (const Group& one : kGroups) {
    if (group == "all" ? one.name == "kafka" : group != one.name) continue;
    found = true;
    auto measured = one.run(options, data);
    if (!measured) return measured;
    if (options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    for (Measurement& measurement : *measured) all.push_back(std::move(measurement));
  }
  if (!found) return Err(ErrorCode::kInvalid, "there is no group '{}'", group);
  return all;
}

}  // namespace sluice::bench
