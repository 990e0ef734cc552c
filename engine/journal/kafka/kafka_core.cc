#include "engine/journal/kafka/kafka_core.h"

namespace sluice {

namespace kafka {

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

}  // namespace kafka

kafka::Config KafkaJournal::Core::ClientConfig() const {
  kafka::Config config = {{"bootstrap.servers", options.bootstrap},
                          {"message.max.bytes", std::to_string(kafka::kRecordBytesMax)},
                          // Between EndTxn and its markers the next transaction is refused; the
                          // default waits 100 ms before it asks again.
                          {"retry.backoff.ms", "2"},
                          {"reconnect.backoff.ms", "50"},
                          {"reconnect.backoff.max.ms", "1000"},
                          {"log.connection.close", "false"}};
  for (const auto& [name, value] : options.properties) config[name] = value;
  return config;
}

kafka::Config KafkaJournal::Core::ReaderConfig() const {
  kafka::Config config = ClientConfig();
  config.erase("message.max.bytes");
  config.erase("retry.backoff.ms");
  // The group is a name only: nothing is committed to it, no offset is read from it.
  config["group.id"] = options.cluster + ".readers";
  config["enable.auto.commit"] = "false";
  config["enable.auto.offset.store"] = "false";
  config["isolation.level"] = "read_committed";
  config["auto.offset.reset"] = "error";
  config["fetch.wait.max.ms"] = "10";
  config["fetch.message.max.bytes"] = std::to_string(4 * 1024 * 1024);
  config["queued.min.messages"] = "100000";
  config["queued.max.messages.kbytes"] = "65536";
  return config;
}

// For reading to an end. An input is not: an end in its queue would hide what comes behind it.
kafka::Config KafkaJournal::Core::ReaderToTheEndConfig() const {
  kafka::Config config = ReaderConfig();
  config["enable.partition.eof"] = "true";
  return config;
}

Result<void> KafkaJournal::Core::CheckPartition(uint32_t partition) const {
  if (partition < partitions) return {};
  return Err(ErrorCode::kInvalid, "there is no partition {}: the cluster has {}", partition,
             partitions);
}

Result<void> KafkaJournal::Core::Archive(uint32_t partition, uint64_t first,
                                         const std::vector<Bytes>& records,
                                         std::optional<uint64_t> next_offset) {
  Slot& slot = *slots[partition];
  const std::lock_guard lock(slot.mutex);
  if (first > slot.archived) {
    return Err(ErrorCode::kCorruption, "I3: {}:{} follows on the events topic, but {} is next",
               partition, first, slot.archived);
  }
  journal::StoreBatch batch(*archive);
  std::vector<Bytes> fresh;
  const uint64_t known = slot.archived - first;
  for (size_t i = known; i < records.size(); ++i) fresh.push_back(records[i]);
  if (!fresh.empty()) batch.AddRecords(partition, slot.archived, fresh);
  if (next_offset) batch.SetCounters(partition, {.next_internal_offset = *next_offset});
  if (batch.empty()) return {};
  if (auto written = archive->Write(batch); !written) return written;
  slot.archived += fresh.size();
  if (next_offset) slot.events_offset = *next_offset;
  return {};
}

Result<void> KafkaJournal::Core::CatchUp(uint32_t partition) {
  auto reader = kafka::Reader::Make(ReaderToTheEndConfig());
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  const auto marks = (*reader)->QueryWatermarks(names.events, partition, kafka::kRequestTimeout);
  if (!marks) return tl::unexpected<Error>(marks.error());
  uint64_t from = slots[partition]->events_offset;
  if (marks->low > from) {
    return Err(ErrorCode::kCorruption,
               "I12: the events topic of partition {} begins at offset {}, read so far is {}: "
               "records were deleted",
               partition, marks->low, from);
  }
  if (from >= marks->end) return {};
  if (auto assigned = (*reader)->Assign({{names.events, partition, from}}); !assigned) {
    return assigned;
  }
  constexpr size_t kRecordsPerWrite = 1000;
  std::vector<Bytes> records;
  uint64_t first = slots[partition]->archived;
  // Markers take offsets, too, so the last record's may be well below the end.
  bool at_end = false;
  while (from < marks->end && !at_end) {
    auto message = (*reader)->Poll(0, kafka::kRequestTimeout, &at_end);
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message) {
      if (at_end) continue;
      return Err(ErrorCode::kUnavailable, "Kafka: nothing came from {}-{} for 30 s", names.events,
                 partition);
    }
    from = static_cast<uint64_t>((*message)->offset) + 1;
    const std::string* header = kafka::FindHeader((*message)->headers, kafka::kSequenceHeader);
    const auto sequence = header ? kafka::DecodeNumber(*header) : std::nullopt;
    if (!sequence) {
      return Err(ErrorCode::kCorruption, "I3: the record at offset {} of {}-{} has no sequence",
                 from - 1, names.events, partition);
    }
    // A zombie's record comes after the one that took its place.
    if (*sequence < first + records.size()) continue;
    if (*sequence > first + records.size()) {
      return Err(ErrorCode::kCorruption, "I3: {}:{} follows on the events topic, but {} is next",
                 partition, *sequence, first + records.size());
    }
    records.push_back(std::move((*message)->payload));
    if (records.size() == kRecordsPerWrite) {
      if (auto stored = Archive(partition, first, records, from); !stored) return stored;
      first += records.size();
      records.clear();
    }
  }
  return Archive(partition, first, records, marks->end);
}

}  // namespace sluice
