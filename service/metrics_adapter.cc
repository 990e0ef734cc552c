#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

#include "service/metrics.h"

namespace sluice::service {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<std::string, std::string>>;

class Families {
 public:
  void Add(const std::string& name, const std::string& help, MetricType type, double value,
           const Labels& labels = {}) {
    ClientMetric& metric = AddMetric(name, help, type, labels);
    if (type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
  }

  void AddHistogram(const std::string& name, const std::string& help,
                    const MetricsSnapshot::Histogram& from) {
    ClientMetric& metric = AddMetric(name, help, MetricType::Histogram, {});
    uint64_t cumulative = 0;
    for (size_t i = 0; i < from.counts.size(); ++i) {
      cumulative += from.counts[i];
      metric.histogram.bucket.push_back(
          {cumulative, i < from.bounds_seconds.size() ? from.bounds_seconds[i]
                                                      : std::numeric_limits<double>::infinity()});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = from.sum_seconds;
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  // Metrics of one family come one after the other.
  ClientMetric& AddMetric(const std::string& name, const std::string& help, MetricType type,
                          const Labels& labels) {
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({name, help, type, {}});
    }
    ClientMetric& metric = families_.back().metric.emplace_back();
    for (const auto& [label, value] : labels) metric.label.push_back({label, value});
    return metric;
  }

  std::vector<MetricFamily> families_;
};

double Number(uint64_t value) { return static_cast<double>(value); }

void AddPartitions(const MetricsSnapshot& snapshot, Families* families) {
  using Partition = MetricsSnapshot::Partition;
  struct Row {
    const char* name;
    const char* help;
    std::optional<uint64_t> (*value)(const Partition&);  // nullopt: not known
  };
  static constexpr Row kRows[] = {
      {"sluice_partition_term", "The term now open.",
       [](const Partition& p) { return std::optional(p.term); }},
      {"sluice_partition_sequence", "Sequence of the last decision committed.",
       [](const Partition& p) { return std::optional(p.sequence); }},
      {"sluice_partition_applied_sequence", "Sequence of the last decision in the projections.",
       [](const Partition& p) { return std::optional(p.applied_sequence); }},
      {"sluice_partition_projection_lag", "Decisions committed but not yet in the projections.",
       [](const Partition& p) {
         return std::optional(p.sequence > p.applied_sequence ? p.sequence - p.applied_sequence
                                                              : 0);
       }},
      {"sluice_partition_input_lag", "Input records without a durable decision.",
       [](const Partition& p) { return p.input_lag; }},
      {"sluice_partition_stopped", "1 when the partition has stopped on a fault.",
       [](const Partition& p) { return std::optional<uint64_t>(p.stopped); }}};
  for (const Row& row : kRows) {
    for (const Partition& partition : snapshot.partitions) {
      const auto value = row.value(partition);
      if (!value) continue;
      families->Add(row.name, row.help, MetricType::Gauge, Number(*value),
                    {{"partition", std::to_string(partition.partition)}});
    }
  }
}

}  // namespace

std::string RenderMetrics(const MetricsSnapshot& snapshot, const HttpCounters& http) {
  Families families;
  for (const auto& objects : snapshot.objects) {
    families.Add("sluice_objects", "Objects by kind and phase.", MetricType::Gauge,
                 Number(objects.count), {{"kind", objects.kind}, {"phase", objects.phase}});
  }
  for (const auto& verdict : snapshot.commands) {
    Labels labels = {{"verdict", verdict.verdict}};
    if (!verdict.kind.empty()) labels.emplace_back("kind", verdict.kind);
    families.Add("sluice_decisions_total", "Decisions by verdict.", MetricType::Counter,
                 Number(verdict.total), labels);
  }
  if (!snapshot.commit_latency.counts.empty()) {
    families.AddHistogram("sluice_commit_seconds", "Time of one durable journal commit.",
                          snapshot.commit_latency);
  }
  AddPartitions(snapshot, &families);
  for (size_t i = 1; i < http.responses.size(); ++i) {
    families.Add("sluice_http_responses_total", "Responses by class of status.",
                 MetricType::Counter, Number(http.responses[i].load()),
                 {{"code", std::to_string(i) + "xx"}});
  }
  families.Add("sluice_http_connections", "Connections open now.", MetricType::Gauge,
               Number(http.connections_open.load()));
  families.Add("sluice_http_connections_refused_total", "Connections refused: too many were open.",
               MetricType::Counter, Number(http.connections_refused_total.load()));
  families.Add("sluice_http_streams", "Watches and followed logs open now.", MetricType::Gauge,
               Number(http.streams_open.load()));
  for (const auto& extra : snapshot.extras) {
    families.Add(extra.name, extra.help, extra.counter ? MetricType::Counter : MetricType::Gauge,
                 extra.value, extra.labels);
  }
  return families.Text();
}

}  // namespace sluice::service
