// Which log a node uses: the embedded one in its data directory, or a Kafka cluster's topics.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/clock.h"
#include "engine/journal/journal.h"

namespace sluice {

struct KafkaCluster {
  std::string bootstrap;                               // "host:port,host:port"
  std::string cluster;                                 // prefix of its four topics
  int replication = 1;                                 // of topics that are to be made
  std::map<std::string, std::string> properties = {};  // librdkafka's
  // Partitions are shared with the cluster's other nodes; else this process opens every one.
  bool shares = true;
  std::string node = {};  // its name among them
  // How many partitions of others it keeps projections of, as it tells them; nullopt: all.
  std::optional<uint32_t> warm = {};
};

struct JournalChoice {
  std::string data_dir;
  uint32_t partitions = 0;  // 0: as stored, 4 when new
  const Clock* clock = nullptr;
  std::optional<KafkaCluster> kafka;  // absent: embedded
  // What a node has read from Kafka, without the brokers: to be read only, nothing is decided on
  // it.
  bool archive = false;
  std::function<void(const Error&)> on_fatal;
  // Kafka: a command that was taken is on its topic, at this offset; or never reached it.
  std::function<void(uint64_t ticket, Result<uint64_t> offset)> on_appended;
  // KafkaOptions::on_again.
  std::function<std::optional<uint64_t>(uint64_t ticket)> on_again;
};

// kInvalid: a property that would break what the log promises, or that librdkafka does not take.
// Asks no broker. From here on the secrets among them are left out of whatever is printed.
Result<void> CheckKafka(const KafkaCluster& kafka);
// Whether a password or key is among its properties.
bool HoldsSecrets(const KafkaCluster& kafka);

// Errors as EmbeddedJournal::Open and KafkaJournal::Open.
Result<std::unique_ptr<Journal>> OpenJournal(const JournalChoice& choice);

}  // namespace sluice
