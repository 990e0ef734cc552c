// What a Kafka journal and its partitions share. Private to the folder.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/journal/kafka/kafka_journal.h"
#include "engine/journal/kafka/kafka_topics.h"
#include "engine/journal/log_store.h"

namespace sluice {

namespace kafka {

// Headers of ours. Clients' own are handed on, these are not.
inline constexpr std::string_view kSequenceHeader = "sluice-sequence";
inline constexpr std::string_view kTicketHeader = "sluice-ticket";
inline constexpr std::string_view kContentTypeHeader = "content-type";
inline constexpr std::string_view kEpochHeader = "sluice-epoch";

// Bound of one request to the broker. Longer than a leader election, shorter than a user's
// patience.
inline constexpr Duration kRequestTimeout = Duration::Seconds(30);

std::string EncodeNumber(uint64_t number);  // 8 bytes, big-endian
std::optional<uint64_t> DecodeNumber(std::string_view bytes);
const std::string* FindHeader(const Headers& headers, std::string_view name);

class PartitionTerm;

}  // namespace kafka

struct KafkaJournal::Core {
  KafkaOptions options;
  kafka::TopicNames names;
  uint32_t partitions = 0;
  Hash128 epoch;
  std::string process_id;  // tells this process's tickets from another's
  std::unique_ptr<kafka::Admin> admin;
  std::unique_ptr<kafka::Producer> commands;  // idempotent, for Append and dead letters' marks
  std::unique_ptr<journal::LogStore> archive;

  struct Slot {
    std::mutex mutex;                      // of the archive's end and of the open term
    uint64_t archived = 0;                 // next sequence
    uint64_t events_offset = 0;            // of the events topic, where reading goes on
    kafka::PartitionTerm* term = nullptr;  // the open one
  };
  std::vector<std::unique_ptr<Slot>> slots;

  explicit Core(KafkaOptions given) : options(std::move(given)), names(options.cluster) {}

  kafka::Config ClientConfig() const;
  kafka::Config ReaderConfig() const;
  kafka::Config ReaderToTheEndConfig() const;
  // Reads the events topic from where the archive stands to its last stable offset.
  Result<void> CatchUp(uint32_t partition);
  // Appends records that are committed; those the archive has already are skipped.
  Result<void> Archive(uint32_t partition, uint64_t first, const std::vector<Bytes>& records,
                       std::optional<uint64_t> next_offset);
  Result<void> CheckPartition(uint32_t partition) const;
};

}  // namespace sluice
