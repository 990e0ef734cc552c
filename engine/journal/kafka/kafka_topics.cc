#include "engine/journal/kafka/kafka_topics.h"

#include <cstdlib>

namespace sluice::kafka {
namespace {

constexpr uint32_t kPartitionsDefault = 4;

Config KeptForEver() {
  return {{"retention.ms", "-1"},
          {"retention.bytes", "-1"},
          {"cleanup.policy", "delete"},
          {"max.message.bytes", std::to_string(kRecordBytesMax)}};
}

// Inputs are stamped by the broker, so that decision time is not a client's.
Config InputConfig() {
  Config config = KeptForEver();
  config["message.timestamp.type"] = "LogAppendTime";
  config["max.message.bytes"] = std::to_string(kInputBytesMax);
  return config;
}

Result<void> RequireSetting(const std::string& topic, const std::map<std::string, std::string>& is,
                            const std::string& name, const std::string& wanted,
                            std::string_view why) {
  const auto found = is.find(name);
  if (found != is.end() && found->second == wanted) return {};
  return Err(ErrorCode::kInvalid,
             "Kafka topic {} has {}={}, it must be {}: {}; change it with "
             "kafka-configs --alter",
             topic, name, found == is.end() ? "" : found->second, wanted, why);
}

Result<void> CheckTopic(Admin& admin, const TopicNames& names, const std::string& topic) {
  const bool is_input = topic == names.commands || topic == names.internal;
  const auto config = admin.TopicConfig(topic);
  if (!config) return tl::unexpected<Error>(config.error());
  if (auto kept = RequireSetting(topic, *config, "cleanup.policy", "delete",
                                 "compaction would take decisions away");
      !kept) {
    return kept;
  }
  if (auto kept =
          RequireSetting(topic, *config, "retention.ms", "-1",
                         "the log is kept for ever; decided input is deleted by the engine");
      !kept) {
    return kept;
  }
  if (is_input) {
    auto stamped = RequireSetting(topic, *config, "message.timestamp.type", "LogAppendTime",
                                  "a client's clock would decide");
    if (!stamped) return stamped;
  }
  const int64_t wanted = is_input ? kInputBytesMax : kRecordBytesMax / 2;
  const auto bytes = config->find("max.message.bytes");
  if (bytes != config->end() && std::atoll(bytes->second.c_str()) < wanted) {
    return Err(ErrorCode::kInvalid,
               "Kafka topic {} has max.message.bytes={}, a record of it may have {}; raise it with "
               "kafka-configs --alter",
               topic, bytes->second, wanted);
  }
  return {};
}

}  // namespace

Result<uint32_t> EnsureTopics(Admin& admin, const TopicNames& names, uint32_t partitions,
                              int replication) {
  const std::vector<std::string> all = {names.commands, names.internal, names.events,
                                        names.dead_letters};
  auto counts = admin.PartitionCounts(all);
  if (!counts) return tl::unexpected<Error>(counts.error());
  int present = 0;
  for (const auto& [topic, count] : *counts) {
    if (present != 0 && count != present) {
      return Err(ErrorCode::kInvalid,
                 "Kafka topic {} has {} partitions, another of the cluster's has {}: all four must "
                 "have the same number",
                 topic, count, present);
    }
    present = count;
  }
  if (present != 0 && partitions != 0 && static_cast<uint32_t>(present) != partitions) {
    return Err(ErrorCode::kInvalid, "the cluster's topics have {} partitions, not {}", present,
               partitions);
  }
  const uint32_t count = present != 0      ? static_cast<uint32_t>(present)
                         : partitions != 0 ? partitions
                                           : kPartitionsDefault;
  std::vector<TopicSpec> absent;
  for (const std::string& topic : all) {
    if (counts->contains(topic)) continue;
    const bool is_input = topic == names.commands || topic == names.internal;
    absent.push_back(
        {topic, static_cast<int>(count), replication, is_input ? InputConfig() : KeptForEver()});
  }
  if (!absent.empty()) {
    if (auto made = admin.CreateTopics(absent); !made) return tl::unexpected<Error>(made.error());
  }
  for (const std::string& topic : all) {
    if (!counts->contains(topic)) continue;
    auto checked = CheckTopic(admin, names, topic);
    if (!checked) return tl::unexpected<Error>(checked.error());
  }
  return count;
}

Result<void> CheckTopics(Admin& admin, const TopicNames& names) {
  for (const auto* topic : {&names.commands, &names.internal, &names.events, &names.dead_letters}) {
    if (auto checked = CheckTopic(admin, names, *topic); !checked) return checked;
  }
  return {};
}

}  // namespace sluice::kafka
