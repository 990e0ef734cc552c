// The journal on Kafka (design §6): a partition's own transactional producers, input offsets from
// the partition's state and never from a group, and a local archive of the events this node has
// read.
//
// The archive (RocksDB, the embedded journal's format) is what ReadEvents answers from: a copy of
// the events topic by sequence, made by reading `read_committed`. It is derived: a node that lost
// it reads the topic again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/clock.h"
#include "engine/journal/journal.h"
#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice {

namespace kafka {
class PartitionTerm;
}  // namespace kafka

struct KafkaOptions {
  std::string bootstrap;     // "host:port,host:port"
  std::string cluster;       // prefix of the topics and of the transactional ids
  uint32_t partitions = 0;   // of topics that are to be made; 0: 4, or as they are
  int replication = 1;       // of topics that are to be made
  std::string archive_path;  // a directory of this node
  kafka::Config properties;  // any librdkafka property: TLS, SASL, timeouts
  const Clock* clock = nullptr;
  // This process takes part in the cluster's group: it opens the partitions that are assigned to it
  // and follows the others. Else it may open any.
  bool shares = false;
  std::string node = "node";  // its name in the group
  // Of others' partitions, how many it keeps projections of, for others to know; nullopt: all.
  std::optional<uint32_t> warm = {};
  // A caller's command is on the topic, at this offset; or was not taken, and nothing was decided.
  std::function<void(uint64_t ticket, Result<uint64_t> offset)> on_appended;
  // A caller's command is to be sent again, and may be on the topic already: the ticket it is sent
  // under, the only one that counts from then on; nullopt: the caller has been answered.
  std::function<std::optional<uint64_t>(uint64_t ticket)> on_again;
  // Nothing here can heal it: the log is not the one that was opened any more. Called once.
  std::function<void(const Error&)> on_fatal;
  // Of users' commands queued for the brokers; more are refused, kUnavailable.
  size_t command_records_max = 16384;
  size_t command_bytes_max = size_t{64} << 20;
};

class KafkaJournal final : public Journal {
 public:
  // Makes or checks the topics. kUnavailable: no broker answers, or they refuse this client.
  // kInvalid: topics' settings or properties that would break an invariant.
  static Result<std::unique_ptr<KafkaJournal>> Open(KafkaOptions options);
  ~KafkaJournal() override;

  uint32_t partition_count() const override;
  Hash128 epoch() const override;
  Result<std::unique_ptr<PartitionJournal>> OpenPartition(uint32_t partition) override;
  Result<void> Append(uint32_t partition, InputRecord record) override;
  Result<void> ReadEvents(uint32_t partition, uint64_t from,
                          const RecordVisitor& visitor) const override;
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const RecordVisitor& visitor) const override;
  Result<uint64_t> EndSequence(uint32_t partition) const override;
  Result<void> ReadDeadLetters(uint32_t partition, uint64_t from,
                               const DeadLetterVisitor& visitor) const override;
  Result<void> RemoveDeadLetter(uint32_t partition, uint64_t number) override;
  Result<void> Join(const std::string& address) override;
  void Leave() override;
  bool IsAssigned(uint32_t partition) const override;
  std::string FollowFault(uint32_t partition) const override;
  std::vector<NodeInfo> Nodes() const override;
  std::string Fault() const override;
  void Hurry() override;
  void SetFollower(uint32_t partition, std::function<void()> changed) override;

  struct Core;

 private:
  explicit KafkaJournal(std::unique_ptr<Core> core);
  Result<std::unique_ptr<kafka::PartitionTerm>> OpenTerm(uint32_t partition);
  std::unique_ptr<Core> core_;
};

}  // namespace sluice
