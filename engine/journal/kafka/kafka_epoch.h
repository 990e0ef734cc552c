// What the dead-letters topic says about the log itself: its first record, of partition 0, names
// the epoch; of a log that is imported also where it is from, and a later record that it is whole.
// Whoever makes the topics proposes an epoch, and everybody takes the first. Topics that were
// deleted and made anew have another.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal/kafka/kafka_core.h"

namespace sluice::kafka {

// Headers of those records.
inline constexpr std::string_view kImportHeader = "sluice-import";
inline constexpr std::string_view kImportedHeader = "sluice-imported";

struct EpochMark {
  Hash128 epoch;
  std::string import;  // what is imported; empty: nothing is
  bool unfinished = false;
};

// Nullopt: the topic is empty. kCorruption: its first record names no epoch.
Result<std::optional<EpochMark>> ReadEpochMark(const KafkaJournal::Core& core);
// The epoch alone, from that record alone.
Result<std::optional<Hash128>> PeekEpoch(const KafkaJournal::Core& core);
// Proposes one where there is none. kInvalid: the import into the cluster is not finished.
Result<Hash128> ReadEpoch(KafkaJournal::Core& core);

Hash128 RandomHash();

// The committed records of a small partition, `at_most` of them.
Result<std::vector<Message>> ReadTopic(const KafkaJournal::Core& core, const std::string& topic,
                                       uint32_t partition,
                                       size_t at_most = std::numeric_limits<size_t>::max());
// The same one by one, until `visit` fails.
Result<void> VisitTopic(const KafkaJournal::Core& core, const std::string& topic,
                        uint32_t partition, const std::function<Result<void>(Message)>& visit,
                        size_t at_most = std::numeric_limits<size_t>::max());

}  // namespace sluice::kafka
