// The four topics of a cluster: made when absent, checked when there (docs/kafka.md).
#pragma once

#include <cstdint>
#include <string>

#include "engine/journal/kafka/kafka_properties.h"
#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice::kafka {

struct TopicNames {
  explicit TopicNames(const std::string& cluster)
      : commands(cluster + ".commands"),
        internal(cluster + ".internal"),
        events(cluster + ".events"),
        dead_letters(cluster + ".dead-letters") {}
  std::string commands, internal, events, dead_letters;
};

// A record of an input: a user's command (256 KiB), a follow-up (512 KiB), and room. Smaller than
// what dead letters take, so that whatever comes can be set aside.
inline constexpr int64_t kInputBytesMax = 1024 * 1024;

// Makes what is absent with `partitions` (0: 4) and checks the rest. Returns the partition count.
// kInvalid: a setting that would break an invariant; the message says what to change.
Result<uint32_t> EnsureTopics(Admin& admin, const TopicNames& names, uint32_t partitions,
                              int replication);
// Checks the settings of all four, which are there. kInvalid as above.
Result<void> CheckTopics(Admin& admin, const TopicNames& names);

}  // namespace sluice::kafka
