#include "engine/routing.h"

#include <cstddef>

namespace sluice {

uint32_t Murmur2(std::string_view bytes) {
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  const auto byte_at = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  const size_t length = bytes.size();
  uint32_t hash = 0x9747b28cU ^ static_cast<uint32_t>(length);
  size_t i = 0;
  for (; i + 4 <= length; i += 4) {
    uint32_t word = byte_at(i) | byte_at(i + 1) << 8 | byte_at(i + 2) << 16 | byte_at(i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash = (hash * kMultiplier) ^ word;
  }
  const size_t left = length - i;
  if (left >= 3) hash ^= byte_at(i + 2) << 16;
  if (left >= 2) hash ^= byte_at(i + 1) << 8;
  if (left >= 1) {
    hash ^= byte_at(i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

uint32_t PartitionOfKey(std::string_view key, uint32_t partitions) {
  return (Murmur2(key) & 0x7fffffffU) % partitions;
}

}  // namespace sluice
