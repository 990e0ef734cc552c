// Which partition an entity lives on: murmur2 of its key, as Kafka's Java client partitions by key.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// MurmurHash2 with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2).
uint32_t Murmur2(std::string_view bytes);

// (murmur2(key) & 0x7fffffff) % partitions, as Kafka's default partitioner does.
uint32_t PartitionOfKey(std::string_view key, uint32_t partitions);

}  // namespace sluice
