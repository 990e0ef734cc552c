#include "machines/component/circles.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace sluice::component {
namespace {

// A prerequisite that another component of the list, or the same one, is to meet.
struct Wait {
  size_t prerequisite = 0;
  size_t component = 0;
};

using Waits = std::vector<std::vector<Wait>>;  // by component

std::string PathOf(size_t component, size_t prerequisite) {
  return fmt::format("spec.components[{}].prerequisites[{}].dependsOn", component, prerequisite);
}

Waits WaitsOf(const ComponentSpec& spec) {
  std::map<std::string_view, size_t> owners;
  for (size_t i = 0; i < spec.components.size(); ++i) {
    if (!spec.components[i].condition_type.empty()) {
      owners.emplace(spec.components[i].condition_type, i);
    }
  }
  Waits waits(spec.components.size());
  for (size_t i = 0; i < spec.components.size(); ++i) {
    for (size_t k = 0; k < spec.components[i].prerequisites.size(); ++k) {
      const auto owner = owners.find(spec.components[i].prerequisites[k].depends_on);
      if (owner != owners.end()) waits[i].push_back({k, owner->second});
    }
  }
  return waits;
}

// Whether a component is in a circle or waits for one: what is left when those that wait for nobody
// are taken away until there is none.
std::vector<bool> NeverBegins(const Waits& waits) {
  std::vector<std::vector<size_t>> waited_for_by(waits.size());
  std::vector<size_t> open(waits.size());
  std::vector<size_t> begins;
  for (size_t i = 0; i < waits.size(); ++i) {
    for (const Wait& wait : waits[i]) waited_for_by[wait.component].push_back(i);
    open[i] = waits[i].size();
    if (open[i] == 0) begins.push_back(i);
  }
  std::vector<bool> never(waits.size(), true);
  while (!begins.empty()) {
    const size_t done = begins.back();
    begins.pop_back();
    never[done] = false;
    for (size_t waiting : waited_for_by[done]) {
      if (--open[waiting] == 0) begins.push_back(waiting);
    }
  }
  return never;
}

std::string Describe(const ComponentSpec& spec, const std::vector<size_t>& path, size_t first) {
  std::string text = "closes a circle: ";
  for (auto it = std::find(path.begin(), path.end(), first); it != path.end(); ++it) {
    text += spec.components[*it].condition_type + " waits for ";
  }
  return text + spec.components[first].condition_type;
}

}  // namespace

void CheckCircles(const ComponentSpec& spec, FieldErrors& errors) {
  for (size_t i = 0; i < spec.components.size(); ++i) {
    for (size_t k = 0; k < spec.components[i].prerequisites.size(); ++k) {
      if (spec.components[i].prerequisites[k].depends_on != spec.aggregate) continue;
      errors.Add(PathOf(i, k),
                 spec.aggregate + " is True when all components are, this one included");
    }
  }
  const Waits waits = WaitsOf(spec);
  const std::vector<bool> never = NeverBegins(waits);
  const size_t nowhere = waits.size();
  std::vector<size_t> passed(waits.size(), nowhere);  // on the way from which component
  for (size_t start = 0; start < waits.size(); ++start) {
    if (!never[start]) continue;
    // Whoever never begins waits for another such: the way ends where it has been before.
    std::vector<size_t> path;
    size_t at = start;
    Wait last;
    while (passed[at] == nowhere) {
      passed[at] = start;
      path.push_back(at);
      last = *std::find_if(waits[at].begin(), waits[at].end(),
                           [&](const Wait& wait) { return never[wait.component]; });
      at = last.component;
    }
    if (path.empty() || passed[at] != start) continue;  // a circle that was named already
    errors.Add(PathOf(path.back(), last.prerequisite), Describe(spec, path, at));
  }
}

}  // namespace sluice::component
