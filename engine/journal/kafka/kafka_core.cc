#include "engine/journal/kafka/kafka_core.h"

#include <algorithm>

#include "engine/journal/kafka/kafka_guard.h"
#include "engine/journal/kafka/kafka_membership.h"
#include "engine/journal/kafka/kafka_tail.h"

namespace sluice {

KafkaJournal::Core::Core(KafkaOptions given) : options(std::move(given)), names(options.cluster) {}
KafkaJournal::Core::~Core() = default;

kafka::Config KafkaJournal::Core::ClientConfig(kafka::Config ours) const {
  ours.merge(kafka::Config{{"message.max.bytes", std::to_string(kafka::kRecordBytesMax)},
                           // Between EndTxn and its markers the next transaction is refused; the
                           // default waits 100 ms before it asks again.
                           {"retry.backoff.ms", "2"},
                           {"reconnect.backoff.ms", "50"},
                           {"reconnect.backoff.max.ms", "1000"},
                           {"log.connection.close", "false"}});
  for (const auto& [name, value] : options.properties) ours[name] = value;
  ours["bootstrap.servers"] = options.bootstrap;
  return ours;
}

int KafkaJournal::Core::SessionTimeoutMs() const {
  const auto given = options.properties.find("session.timeout.ms");
  return given == options.properties.end() ? kafka::kSessionTimeoutMs
                                           : std::atoi(given->second.c_str());
}

size_t KafkaJournal::Core::BoundOf(const std::string& name, size_t unit) const {
  const auto given = options.properties.find(name);
  const size_t bound =
      given == options.properties.end() ? 0 : std::strtoull(given->second.c_str(), nullptr, 10);
  return bound == 0 ? SIZE_MAX : bound * unit;
}

Duration KafkaJournal::Core::CommitTimeout() const {
  return std::max(Duration::Seconds(5), Duration::Millis(2 * SessionTimeoutMs()));
}

kafka::Config KafkaJournal::Core::ReaderConfig(int64_t queued_bytes) const {
  constexpr int64_t kFetchBytesMax = 4 * 1024 * 1024;
  kafka::Config config = ClientConfig(
      // A fetch is answered as soon as there is something; else it would be asked for in vain.
      {{"fetch.wait.max.ms", "100"},
       {"fetch.message.max.bytes", std::to_string(std::min(kFetchBytesMax, queued_bytes / 4))},
       {"queued.min.messages", "100000"},
       {"queued.max.messages.kbytes", std::to_string(queued_bytes / 1024)}});
  // The group is a name only: nothing is committed to it, no offset is read from it.
  config["group.id"] = options.cluster + ".readers";
  config["enable.auto.commit"] = "false";
  config["enable.auto.offset.store"] = "false";
  config["isolation.level"] = "read_committed";
  config["auto.offset.reset"] = "error";
  return config;
}

kafka::Config KafkaJournal::Core::InputsConfig() const {
  constexpr int64_t kLeastBytes = int64_t{2} << 20;
  kafka::Config config = ReaderConfig(
      std::clamp(kInputsBytesMax / std::max<int64_t>(partitions, 1), kLeastBytes, kQueuedBytesMax));
  config["enable.partition.eof"] = "true";  // says that behind the last record are marks alone
  return config;
}

Result<kafka::Deliverer*> KafkaJournal::Core::Commands() {
  const std::lock_guard lock(commands_mutex_);
  if (commands_) return commands_.get();
  kafka::Deliverer::Options deliver;
  deliver.config = ClientConfig({{"linger.ms", "0"}});
  // Who bounds the client's queue means this one: it holds what is in there, and what is behind.
  deliver.records_max =
      std::min(options.command_records_max, BoundOf("queue.buffering.max.messages"));
  deliver.bytes_max =
      std::min(options.command_bytes_max, BoundOf("queue.buffering.max.kbytes", 1024));
  deliver.within = kafka::kRequestTimeout;
  deliver.hurry = &hurry;
  deliver.on_again = [this](kafka::Deliverer::Record& record) {
    if (record.ticket == 0 || !options.on_again) return true;
    const auto ticket = options.on_again(record.ticket);
    if (ticket) SetTicket(record, *ticket);
    return ticket.has_value();
  };
  auto made = kafka::Deliverer::Make(std::move(deliver));
  if (!made) return tl::unexpected<Error>(std::move(made.error()));
  commands_ = std::move(*made);
  return commands_.get();
}

std::string KafkaJournal::Core::CommandsFault() {
  const std::lock_guard lock(commands_mutex_);
  return commands_ ? commands_->Fault() : "";
}

void KafkaJournal::Core::SetTicket(kafka::Deliverer::Record& record, uint64_t ticket) const {
  record.ticket = ticket;
  std::erase_if(record.headers,
                [](const auto& header) { return header.first == kafka::kTicketHeader; });
  record.headers.emplace_back(kafka::kTicketHeader, process_id + kafka::EncodeNumber(ticket));
  record.done = [this, ticket](Result<uint64_t> offset) {
    if (options.on_appended) options.on_appended(ticket, std::move(offset));
  };
}

Result<void> KafkaJournal::Core::Mark(uint32_t partition, kafka::Headers headers) {
  const auto commands = Commands();
  if (!commands) return tl::unexpected<Error>(commands.error());
  const auto marked = (*commands)->Deliver(
      {.topic = names.dead_letters, .partition = partition, .headers = std::move(headers)});
  if (!marked) return tl::unexpected<Error>(marked.error());
  return {};
}

void KafkaJournal::Core::Suspect() {
  if (guard) guard->Suspect();
}

kafka::Config KafkaJournal::Core::ReaderToTheEndConfig() const {
  kafka::Config config = ReaderConfig();
  config["enable.partition.eof"] = "true";
  config["fetch.wait.max.ms"] = "10";  // an end is told by a fetch that waited in vain
  return config;
}

Result<void> KafkaJournal::Core::CheckPartition(uint32_t partition) const {
  if (partition < partitions) return {};
  return Err(ErrorCode::kInvalid, "there is no partition {}: the cluster has {}", partition,
             partitions);
}

Result<void> KafkaJournal::Core::Archive(uint32_t partition, uint64_t first,
                                         const std::vector<Bytes>& records, uint64_t term,
                                         uint64_t next_offset) {
  Slot& slot = *slots[partition];
  const std::lock_guard lock(slot.mutex);
  if (first > slot.archived) {
    return Err(ErrorCode::kCorruption, "I3: {}:{} follows on the events topic, but {} is next",
               partition, first, slot.archived);
  }
  journal::StoreBatch batch(*archive);
  const uint64_t known = slot.archived - first;
  if (known == 0 && !records.empty()) {
    batch.AddRecords(partition, first, records);
  } else if (known < records.size()) {
    batch.AddRecords(partition, slot.archived,
                     {records.begin() + static_cast<ptrdiff_t>(known), records.end()});
  }
  if (next_offset > slot.events_offset) {
    batch.SetCounters(partition, {.next_internal_offset = next_offset});
  }
  if (batch.empty()) return {};
  // A copy of what the brokers hold: what a crash of the host takes is read again.
  if (auto written = archive->Write(batch, journal::Sync::kNo); !written) return written;
  slot.archived = std::max(slot.archived, first + records.size());
  slot.term_number = std::max(slot.term_number, term);
  slot.events_offset = std::max(slot.events_offset, next_offset);
  return {};
}

void KafkaJournal::Core::Notify(uint32_t partition) const {
  const std::lock_guard lock(slots[partition]->mutex);
  if (slots[partition]->follower) slots[partition]->follower();
}

std::shared_ptr<void> KafkaJournal::Core::CountTerm(uint32_t partition) {
  Slot& slot = *slots[partition];
  {
    const std::lock_guard lock(slot.mutex);
    ++slot.terms;
  }
  if (tail) tail->Refresh();
  return {&slot, [this](Slot* counted) {
            {
              const std::lock_guard lock(counted->mutex);
              --counted->terms;
              counted->closed.notify_all();
            }
            if (tail) tail->Refresh();
          }};
}

Result<void> KafkaJournal::Core::CatchUp(uint32_t partition, bool settled) {
  auto reader = kafka::Reader::Make(ReaderToTheEndConfig(), &hurry);
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  const auto marks = (*reader)->QueryWatermarks(names.events, partition, kafka::kRequestTimeout);
  if (!marks) return tl::unexpected<Error>(marks.error());
  uint64_t from = 0;
  uint64_t archived = 0;
  uint64_t term = 0;
  {
    const std::lock_guard lock(slots[partition]->mutex);
    from = slots[partition]->events_offset;
    archived = slots[partition]->archived;
    term = slots[partition]->term_number;
  }
  if (marks->low > from) {
    Suspect();
    return Err(ErrorCode::kCorruption,
               "I12: the events topic of partition {} begins at offset {}, read so far is {}: "
               "records were deleted",
               partition, marks->low, from);
  }
  // While a transaction's markers are being written the end is below what it holds.
  if (from > marks->end && !settled) return {};
  if (from > marks->end) {
    Suspect();
    return kafka::EventsCutShort(partition, marks->end, from);
  }
  if (from == marks->end) return {};
  if (auto assigned = (*reader)->Assign({{names.events, partition, from}}); !assigned) {
    return assigned;
  }
  constexpr size_t kRecordsPerWrite = 1000;
  kafka::EventsRun run(partition, archived, term);
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
    if (auto added = run.Add(std::move(**message)); !added) return added;
    if (run.records().size() < kRecordsPerWrite) continue;
    if (auto stored = Archive(partition, run.first(), run.records(), run.term(), from); !stored) {
      return stored;
    }
    run.Clear();
  }
  return Archive(partition, run.first(), run.records(), run.term(), std::max(from, marks->end));
}

}  // namespace sluice
