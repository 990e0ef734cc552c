#include "engine/journal/kafka/kafka_epoch.h"

#include <random>

namespace sluice::kafka {

Hash128 RandomHash() {
  std::random_device random;
  const auto word = [&] { return static_cast<uint64_t>(random()) << 32 | random(); };
  return {word(), word()};
}

Result<std::vector<Message>> ReadTopic(const KafkaJournal::Core& core, const std::string& topic,
                                       uint32_t partition, size_t at_most) {
  auto reader = Reader::Make(core.ReaderToTheEndConfig(), &core.hurry);
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  const auto marks = (*reader)->QueryWatermarks(topic, partition, kRequestTimeout);
  if (!marks) return tl::unexpected<Error>(marks.error());
  std::vector<Message> messages;
  if (marks->low == marks->end) return messages;
  if (auto assigned = (*reader)->Assign({{topic, partition, marks->low}}); !assigned) {
    return tl::unexpected<Error>(assigned.error());
  }
  uint64_t position = marks->low;
  bool at_end = false;
  while (position < marks->end && !at_end && messages.size() < at_most) {
    auto message = (*reader)->Poll(0, kRequestTimeout, &at_end);
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message && !at_end) {
      return Err(ErrorCode::kUnavailable, "Kafka: nothing came from {}-{}", topic, partition);
    }
    if (!*message) break;
    position = static_cast<uint64_t>((*message)->offset) + 1;
    messages.push_back(std::move(**message));
  }
  return messages;
}

Result<std::optional<Hash128>> PeekEpoch(const KafkaJournal::Core& core) {
  auto messages = ReadTopic(core, core.names.dead_letters, 0, 1);
  if (!messages) return tl::unexpected<Error>(std::move(messages.error()));
  if (messages->empty()) return std::optional<Hash128>();
  const std::string* header = FindHeader(messages->front().headers, kEpochHeader);
  auto epoch = ParseHash128(header ? *header : std::string());
  if (!epoch) {
    return Err(ErrorCode::kCorruption, "the first record of {}-0 names no epoch",
               core.names.dead_letters);
  }
  return std::optional<Hash128>(*epoch);
}

Result<Hash128> ReadEpoch(KafkaJournal::Core& core) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto epoch = PeekEpoch(core);
    if (!epoch) return tl::unexpected<Error>(epoch.error());
    if (*epoch) return **epoch;
    const auto commands = core.Commands();
    if (!commands) return tl::unexpected<Error>(commands.error());
    auto produced = (*commands)->Produce(core.names.dead_letters, 0, "", "",
                                         {{std::string(kEpochHeader), ToHex(RandomHash())}}, 0,
                                         kRequestTimeout);
    if (!produced) return tl::unexpected<Error>(produced.error());
    if (auto flushed = (*commands)->Flush(kRequestTimeout); !flushed) {
      return tl::unexpected<Error>(flushed.error());
    }
  }
  return Err(ErrorCode::kUnavailable, "the epoch of {} cannot be read", core.options.cluster);
}

}  // namespace sluice::kafka
