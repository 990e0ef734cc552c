#include "service/condition_metrics.h"

#include "machines/counted_events.h"

namespace sluice::service {

void AddConditionMetrics(const ConditionCounters& counters,
                         std::vector<MetricsSnapshot::Extra>* extras) {
  for (const auto& [key, shown] : counters.conditions) {
    const auto owner = ParseEntityKey(key.first);
    if (!owner) continue;
    extras->push_back({.name = "sluice_condition",
                       .help = "A condition as its last write left it; the value is its "
                               "lastTransitionTime in seconds.",
                       .counter = false,
                       .labels = {{"kind", owner->kind},
                                  {"name", owner->name},
                                  {"namespace", owner->namespace_},
                                  {"condition", key.second},
                                  {"status", shown.status},
                                  {"reason", shown.reason}},
                       .value = static_cast<double>(shown.last_transition.us) / 1e6});
  }
  for (const auto& [operation, count] : counters.resource_applies) {
    extras->push_back({.name = "sluice_resource_apply_total",
                       .help = "Reports of what was done to a component's resources.",
                       .counter = true,
                       .labels = {{"operation", operation}},
                       .value = static_cast<double>(count)});
  }
  for (const CountedEvent& counted : BuiltinCountedEvents()) {
    for (const auto& [what, total] : counters.events) {
      if (what.first != counted.metric) continue;
      extras->push_back({.name = counted.metric,
                         .help = counted.help,
                         .counter = true,
                         .labels = {{counted.label, what.second}},
                         .value = static_cast<double>(total)});
    }
  }
  const auto count = [&](const char* name, const char* help, uint64_t value) {
    extras->push_back({.name = name,
                       .help = help,
                       .counter = true,
                       .labels = {},
                       .value = static_cast<double>(value)});
  };
  count("sluice_resource_apply_errors_total", "Reports that a resource could not be applied.",
        counters.resource_apply_errors);
  count("sluice_status_writes_total", "Writes of conditions that changed an owner.",
        counters.status_writes);
  count("sluice_status_writes_avoided_total",
        "Passes that decided nothing new, and writes that found everything stored.",
        counters.status_writes_avoided);
}

}  // namespace sluice::service
