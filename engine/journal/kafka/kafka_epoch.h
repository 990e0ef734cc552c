// The log's epoch on Kafka: the first record of dead-letters-0. Whoever makes the topics proposes
// one, and everybody takes the first. Topics that were deleted and made anew have another.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal/kafka/kafka_core.h"

namespace sluice::kafka {

Hash128 RandomHash();

// A partition of a small topic from its beginning, `at_most` records of it.
Result<std::vector<Message>> ReadTopic(const KafkaJournal::Core& core, const std::string& topic,
                                       uint32_t partition,
                                       size_t at_most = std::numeric_limits<size_t>::max());

// nullopt: the topic is empty. kCorruption: its first record names none.
Result<std::optional<Hash128>> PeekEpoch(const KafkaJournal::Core& core);
// Proposes one where there is none.
Result<Hash128> ReadEpoch(KafkaJournal::Core& core);

}  // namespace sluice::kafka
