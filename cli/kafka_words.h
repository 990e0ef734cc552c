// The flags that name a Kafka cluster, for every verb that takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "engine/open_journal.h"

namespace sluice::cli {

struct KafkaWords {
  std::string kafka;
  std::string cluster = "sluice";
  uint64_t replication = 1;
  std::vector<std::string> properties;

  // `what` Kafka is used for.
  void DefineOn(Arguments& verb, const char* what);
  // Nullopt: none is named.
  Outcome<std::optional<KafkaCluster>> Cluster() const;
};

}  // namespace sluice::cli
