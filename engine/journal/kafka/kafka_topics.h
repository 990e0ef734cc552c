// The four topics of a cluster: made when absent, checked when there (docs/kafka.md).
#pragma once

#include <cstdint>
#include <string>

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

// Largest record a topic has to take: a decision's bound and room for headers.
inline constexpr int64_t kRecordBytesMax = 2 * 1024 * 1024;

// Makes what is absent with `partitions` (0: 4) and checks the rest. Returns the partition count.
// kInvalid: a setting that would break an invariant; the message says what to change.
Result<uint32_t> EnsureTopics(Admin& admin, const TopicNames& names, uint32_t partitions,
                              int replication);

}  // namespace sluice::kafka
