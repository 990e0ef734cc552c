// What the dead-letters topic says about the log itself: its first record, of partition 0, names
// the epoch; of a log that is imported also where it is from, and a later record that it is whole.
#pragma once

#include <functional>
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
// kInvalid: the import into the cluster is not finished.
Result<void> RequireFinished(const EpochMark& mark, const std::string& cluster);

Hash128 RandomEpoch();

// The committed records of a small partition.
Result<std::vector<Message>> ReadTopic(const KafkaJournal::Core& core, const std::string& topic,
                                       uint32_t partition);
// The same one by one, until `visit` fails.
Result<void> VisitTopic(const KafkaJournal::Core& core, const std::string& topic,
                        uint32_t partition, const std::function<Result<void>(Message)>& visit);

}  // namespace sluice::kafka
