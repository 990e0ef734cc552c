// How a verb is told of a Kafka cluster: a YAML file with a section `kafka`, and flags that go over
// it (docs/kafka.md). Secrets belong into the file: a command line is seen by everybody on the
// host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/session.h"
#include "engine/open_journal.h"

namespace sluice::cli {

struct KafkaFlags {
  std::string config;  // a file
  std::string brokers;
  std::string cluster;
  uint64_t replication = 0;  // 0: as the file says, else 1
  std::vector<std::string> properties;
  std::string warm;  // a number; "all" or empty: all
};

// Declares the flags that every verb has which knows of Kafka.
void DefineKafkaFlags(Arguments& verb, KafkaFlags* flags);

// nullopt: neither file nor flags name brokers. Bad input names the file's place or the flag, and
// no value of a property; properties that would break what the log promises are bad input, too.
Outcome<std::optional<KafkaCluster>> ReadKafka(Session& session, const KafkaFlags& flags);

}  // namespace sluice::cli
