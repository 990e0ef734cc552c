#include "engine/journal/kafka/kafka_epoch.h"

#include <algorithm>
#include <random>

namespace sluice::kafka {
namespace {

Result<Hash128> EpochOf(const Message& first, const KafkaJournal::Core& core) {
  const std::string* header = FindHeader(first.headers, kEpochHeader);
  const auto epoch = ParseHash128(header ? *header : std::string());
  if (epoch) return *epoch;
  return Err(ErrorCode::kCorruption, "the first record of {}-0 names no epoch",
             core.names.dead_letters);
}

}  // namespace

Hash128 RandomHash() {
  std::random_device random;
  const auto word = [&] { return static_cast<uint64_t>(random()) << 32 | random(); };
  return {word(), word()};
}

Result<void> VisitTopic(const KafkaJournal::Core& core, const std::string& topic,
                        uint32_t partition, const std::function<Result<void>(Message)>& visit,
                        size_t at_most) {
  auto reader = Reader::Make(core.ReaderToTheEndConfig(), &core.hurry);
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  const auto marks = (*reader)->QueryWatermarks(topic, partition, kRequestTimeout);
  if (!marks) return tl::unexpected<Error>(marks.error());
  if (marks->low == marks->end) return {};
  if (auto assigned = (*reader)->Assign({{topic, partition, marks->low}}); !assigned) {
    return assigned;
  }
  uint64_t position = marks->low;
  bool at_end = false;
  for (size_t visited = 0; position < marks->end && !at_end && visited < at_most; ++visited) {
    auto message = (*reader)->Poll(0, kRequestTimeout, &at_end);
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message && !at_end) {
      return Err(ErrorCode::kUnavailable, "Kafka: nothing came from {}-{}", topic, partition);
    }
    if (!*message) break;
    position = static_cast<uint64_t>((*message)->offset) + 1;
    if (auto done = visit(std::move(**message)); !done) return done;
  }
  return {};
}

Result<std::vector<Message>> ReadTopic(const KafkaJournal::Core& core, const std::string& topic,
                                       uint32_t partition, size_t at_most) {
  std::vector<Message> messages;
  const auto keep = [&](Message message) -> Result<void> {
    messages.push_back(std::move(message));
    return {};
  };
  auto read = VisitTopic(core, topic, partition, keep, at_most);
  if (!read) return tl::unexpected<Error>(std::move(read.error()));
  return messages;
}

Result<std::optional<Hash128>> PeekEpoch(const KafkaJournal::Core& core) {
  auto messages = ReadTopic(core, core.names.dead_letters, 0, 1);
  if (!messages) return tl::unexpected<Error>(std::move(messages.error()));
  if (messages->empty()) return std::optional<Hash128>();
  auto epoch = EpochOf(messages->front(), core);
  if (!epoch) return tl::unexpected<Error>(std::move(epoch.error()));
  return std::optional<Hash128>(*epoch);
}

Result<std::optional<EpochMark>> ReadEpochMark(const KafkaJournal::Core& core) {
  auto messages = ReadTopic(core, core.names.dead_letters, 0);
  if (!messages) return tl::unexpected<Error>(std::move(messages.error()));
  if (messages->empty()) return std::optional<EpochMark>();
  auto epoch = EpochOf(messages->front(), core);
  if (!epoch) return tl::unexpected<Error>(std::move(epoch.error()));
  EpochMark mark{.epoch = *epoch, .import = "", .unfinished = false};
  if (const std::string* import = FindHeader(messages->front().headers, kImportHeader)) {
    mark.import = *import;
    mark.unfinished = std::none_of(messages->begin(), messages->end(), [](const Message& message) {
      return FindHeader(message.headers, kImportedHeader) != nullptr;
    });
  }
  return mark;
}

Result<Hash128> ReadEpoch(KafkaJournal::Core& core) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto mark = ReadEpochMark(core);
    if (!mark) return tl::unexpected<Error>(std::move(mark.error()));
    if (*mark && (*mark)->unfinished) {
      return Err(ErrorCode::kInvalid,
                 "the import into {} is not finished ({}): run 'sluice import' with that export "
                 "once more, it goes on where it was; or delete the cluster's four topics",
                 core.options.cluster, (*mark)->import);
    }
    if (*mark) return (*mark)->epoch;
    auto marked = core.Mark(0, {{std::string(kEpochHeader), ToHex(RandomHash())}});
    if (!marked) return tl::unexpected<Error>(std::move(marked.error()));
  }
  return Err(ErrorCode::kUnavailable, "the epoch of {} cannot be read", core.options.cluster);
}

}  // namespace sluice::kafka
