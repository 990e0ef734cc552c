#include "engine/journal/kafka/kafka_records.h"

#include <charconv>

namespace sluice::kafka {

std::string EncodeNumber(uint64_t number) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<char>((number >> (8 * i)) & 0xff);
  return bytes;
}

std::optional<uint64_t> DecodeNumber(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  uint64_t number = 0;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

const std::string* FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

Headers PlaceHeaders(uint64_t sequence, uint64_t term) {
  return {{std::string(kSequenceHeader), std::to_string(sequence)},
          {std::string(kTermHeader), std::to_string(term)}};
}

tl::unexpected<Error> EventsCutShort(uint32_t partition, uint64_t end, uint64_t read) {
  return Err(ErrorCode::kCorruption,
             "I12: the events topic of partition {} ends at offset {}, {} had been read: it was "
             "made anew, or the brokers have lost what they had acknowledged; bring it back from "
             "a copy",
             partition, end, read);
}

Headers EventHeaders(const LogRecord& record) {
  Headers headers = PlaceHeaders(record.sequence, record.term);
  if (!record.decision) return headers;
  const Decision& decision = *record.decision;
  headers.emplace_back(kVerdictHeader, ToString(decision.verdict));
  if (decision.rejection) {
    headers.emplace_back(kRejectionHeader, ToString(decision.rejection->code));
  }
  if (decision.command) headers.emplace_back(kCommandIdHeader, decision.command->id);
  return headers;
}

namespace {

std::optional<uint64_t> DecimalHeader(const Headers& headers, std::string_view name) {
  const std::string* text = FindHeader(headers, name);
  if (!text) return std::nullopt;
  uint64_t number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace

Result<void> EventsRun::Add(Message message) {
  const auto sequence = DecimalHeader(message.headers, kSequenceHeader);
  const auto term = DecimalHeader(message.headers, kTermHeader);
  if (!sequence || !term) {
    return Err(ErrorCode::kCorruption,
               "I3: the record at offset {} of events partition {} names no sequence and term",
               message.offset, partition_);
  }
  const uint64_t next = first_ + records_.size();
  // A zombie's comes after the one that took its place, or after a newer term's first.
  if (*term < term_ || *sequence < next) return {};
  if (*sequence > next) {
    return Err(ErrorCode::kCorruption, "I3: {}:{} follows on the events topic, but {} is next",
               partition_, *sequence, next);
  }
  term_ = *term;
  records_.push_back(std::move(message.payload));
  return {};
}

void EventsRun::Clear() {
  first_ += records_.size();
  records_.clear();
}

}  // namespace sluice::kafka
