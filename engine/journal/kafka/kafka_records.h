// What records on the topics say of themselves in their headers, and which of an events partition
// count.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/journal/kafka/rdkafka_adapter.h"
#include "events/envelope.gen.h"

namespace sluice::kafka {

// Headers of ours. Clients' own are handed on, these are not.
inline constexpr std::string_view kSequenceHeader = "sequence";
inline constexpr std::string_view kTermHeader = "term";
inline constexpr std::string_view kCommandIdHeader = "command-id";
inline constexpr std::string_view kVerdictHeader = "verdict";
inline constexpr std::string_view kRejectionHeader = "rejection";
inline constexpr std::string_view kTicketHeader = "sluice-ticket";
inline constexpr std::string_view kContentTypeHeader = "content-type";
inline constexpr std::string_view kEpochHeader = "sluice-epoch";

std::string EncodeNumber(uint64_t number);  // 8 bytes, big-endian
std::optional<uint64_t> DecodeNumber(std::string_view bytes);
const std::string* FindHeader(const Headers& headers, std::string_view name);

// What a record of the events topic says of itself to who does not read its value.
Headers PlaceHeaders(uint64_t sequence, uint64_t term);
Headers EventHeaders(const LogRecord& record);

// I12: the events topic of a partition ends below what had been read of it.
tl::unexpected<Error> EventsCutShort(uint32_t partition, uint64_t end, uint64_t read);

// Records of an events partition that count, in the order of the topic: of the latest term and next
// in sequence (I3). What a fenced owner wrote is passed over.
class EventsRun {
 public:
  EventsRun(uint32_t partition, uint64_t next_sequence, uint64_t term)
      : partition_(partition), first_(next_sequence), term_(term) {}

  // kCorruption: a gap, or a record without its headers.
  Result<void> Add(Message message);
  // What was added goes; the next record follows it.
  void Clear();

  uint64_t first() const { return first_; }
  uint64_t term() const { return term_; }
  const std::vector<Bytes>& records() const { return records_; }

 private:
  uint32_t partition_;
  uint64_t first_;
  uint64_t term_;
  std::vector<Bytes> records_;
};

}  // namespace sluice::kafka
