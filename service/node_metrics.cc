// What a node counts, for /metrics.
#include "service/condition_metrics.h"
#include "service/node_backend.h"

namespace sluice::service {

MetricsSnapshot NodeBackend::Metrics() {
  MetricsSnapshot metrics;
  for (const auto& [key, count] : queries_->Counts()) {
    metrics.objects.push_back({key.first, key.second, count});
  }
  const NodeCounters counters = node_.Counters();
  for (const auto& [key, count] : counters.decisions) {
    metrics.commands.push_back({key.first, key.second, count});
  }
  for (const auto& [what, count] : counters.refused) {
    metrics.extras.push_back(
        {.name = "sluice_commands_refused_total",
         .help = "Commands from outside that came to nothing, reports that lie among them.",
         .counter = true,
         .labels = {{"verdict", what[0]}, {"kind", what[1]}, {"command", what[2]}},
         .value = static_cast<double>(count)});
  }
  AddConditionMetrics(counters.conditions, &metrics.extras);
  metrics.extras.push_back({.name = "sluice_commands_waiting",
                            .help = "Commands that wait for their sender's turn.",
                            .counter = false,
                            .labels = {},
                            .value = static_cast<double>(counters.commands_waiting)});
  metrics.extras.push_back({.name = "sluice_commands_held_off_total",
                            .help = "Commands not taken: their sender had too many waiting.",
                            .counter = true,
                            .labels = {},
                            .value = static_cast<double>(counters.commands_held_off)});
  metrics.commit_latency = {counters.commit_bounds_seconds, counters.commit_counts,
                            counters.commit_seconds_sum};
  for (uint32_t partition = 0; partition < node_.partition_count(); ++partition) {
    const RunnerStatus status = node_.Status(partition);
    const uint64_t applied = node_.stores()[partition]->NextSequence();
    const uint64_t end = node_.journal().EndSequence(partition).value_or(applied);
    metrics.partitions.push_back({.partition = partition,
                                  .term = status.term,
                                  .sequence = end == 0 ? 0 : end - 1,
                                  .applied_sequence = applied == 0 ? 0 : applied - 1,
                                  .input_lag = status.inputs_waiting,
                                  .stopped = status.state == RunnerState::kStopped});
  }
  return metrics;
}

}  // namespace sluice::service
