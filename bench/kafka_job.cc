#include "bench/kafka_job.h"

#include <algorithm>

#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/routing.h"
#include "events/codec.h"

namespace sluice::bench {
namespace {

constexpr int kReplication = 1;

ProbeRecord RecordOf(const Command& command) {
  return {.partition = PartitionOfKey(command.entity, kKafkaPartitions),
          .key = command.entity,
          .payload = Pack(command)};
}

}  // namespace

Result<void> MakeTopics(const std::string& bootstrap, const std::vector<std::string>& topics) {
  auto admin = kafka::Admin::Make({{"bootstrap.servers", bootstrap}});
  if (!admin) return tl::unexpected<Error>(admin.error());
  std::vector<kafka::TopicSpec> specs;
  for (const std::string& topic : topics) {
    specs.push_back({topic, kKafkaPartitions, kReplication, {{"max.message.bytes", "2097152"}}});
  }
  return (*admin)->CreateTopics(specs);
}

Result<size_t> MeanRecordBytes(Node& node, const std::vector<uint64_t>& from) {
  uint64_t records = 0;
  uint64_t bytes = 0;
  for (uint32_t partition = 0; partition < node.partition_count(); ++partition) {
    auto read = node.journal().ReadEvents(partition, from[partition],
                                          [&](uint64_t, std::string_view record) {
                                            ++records;
                                            bytes += record.size();
                                            return records % 5000 != 0;
                                          });
    if (!read) return tl::unexpected<Error>(read.error());
  }
  return records == 0 ? 0 : bytes / records;
}

// A node's follow-ups are none of the load's, and have ids of their own.
Probe ProbeOf(const std::string& bootstrap, DataSet& data) {
  return {.bootstrap = bootstrap,
          .input = "bench.commands",
          .output = "bench.events",
          .partitions = kKafkaPartitions,
          .next = [&data] { return RecordOf(data.Next()); },
          .answers =
              [](const kafka::Message& message) {
                return std::any_of(
                    message.headers.begin(), message.headers.end(), [](const auto& header) {
                      return header.first == "command-id" && header.second.starts_with("bench-");
                    });
              }};
}

}  // namespace sluice::bench
