#include "cli/kafka_words.h"

#include "cli/failure.h"

namespace sluice::cli {

void KafkaWords::DefineOn(Arguments& verb, const char* what) {
  verb.Text("--kafka", &kafka, what)
      .Text("--cluster", &cluster, "With --kafka: the topics' prefix [sluice]")
      .Number("--replication", &replication, "With --kafka: of topics that are to be made [1]")
      .Texts("--kafka-property", &properties,
             "With --kafka: a librdkafka property, NAME=VALUE; more than once for several");
}

// "name=value" pairs as librdkafka's properties.
Outcome<std::optional<KafkaCluster>> KafkaWords::Cluster() const {
  if (kafka.empty()) return std::optional<KafkaCluster>();
  KafkaCluster named;
  named.bootstrap = kafka;
  named.cluster = cluster;
  named.replication = static_cast<int>(replication);
  for (const std::string& property : properties) {
    const size_t equals = property.find('=');
    if (equals == std::string::npos) {
      return Fail(Exit::kBadInput, "--kafka-property: '{}' is not name=value", property);
    }
    named.properties[property.substr(0, equals)] = property.substr(equals + 1);
  }
  return named;
}

}  // namespace sluice::cli
