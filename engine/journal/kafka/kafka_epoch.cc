#include "engine/journal/kafka/kafka_epoch.h"

#include <algorithm>
#include <random>

namespace sluice::kafka {

Hash128 RandomEpoch() {
  std::random_device random;
  const auto word = [&] { return static_cast<uint64_t>(random()) << 32 | random(); };
  return {word(), word()};
}

Result<void> VisitTopic(const KafkaJournal::Core& core, const std::string& topic,
                        uint32_t partition, const std::function<Result<void>(Message)>& visit) {
  auto reader = Reader::Make(core.ReaderToTheEndConfig());
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  const auto marks = (*reader)->QueryWatermarks(topic, partition, kRequestTimeout);
  if (!marks) return tl::unexpected<Error>(marks.error());
  if (marks->low == marks->end) return {};
  if (auto assigned = (*reader)->Assign({{topic, partition, marks->low}}); !assigned) {
    return assigned;
  }
  uint64_t position = marks->low;
  bool at_end = false;
  while (position < marks->end && !at_end) {
    auto message = (*reader)->Poll(0, kRequestTimeout, &at_end);
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message) continue;
    position = static_cast<uint64_t>((*message)->offset) + 1;
    if (auto visited = visit(std::move(**message)); !visited) return visited;
  }
  return {};
}

Result<std::vector<Message>> ReadTopic(const KafkaJournal::Core& core, const std::string& topic,
                                       uint32_t partition) {
  std::vector<Message> messages;
  auto read = VisitTopic(core, topic, partition, [&](Message message) -> Result<void> {
    messages.push_back(std::move(message));
    return {};
  });
  if (!read) return tl::unexpected<Error>(std::move(read.error()));
  return messages;
}

Result<std::optional<EpochMark>> ReadEpochMark(const KafkaJournal::Core& core) {
  auto messages = ReadTopic(core, core.names.dead_letters, 0);
  if (!messages) return tl::unexpected<Error>(std::move(messages.error()));
  if (messages->empty()) return std::optional<EpochMark>();
  const Headers& first = messages->front().headers;
  const std::string* header = FindHeader(first, kEpochHeader);
  const auto epoch = ParseHash128(header ? *header : std::string());
  if (!epoch) {
    return Err(ErrorCode::kCorruption, "the first record of {}-0 names no epoch",
               core.names.dead_letters);
  }
  EpochMark mark{.epoch = *epoch, .import = "", .unfinished = false};
  if (const std::string* import = FindHeader(first, kImportHeader)) {
    mark.import = *import;
    mark.unfinished = std::none_of(messages->begin(), messages->end(), [](const Message& message) {
      return FindHeader(message.headers, kImportedHeader) != nullptr;
    });
  }
  return mark;
}

Result<void> RequireFinished(const EpochMark& mark, const std::string& cluster) {
  if (!mark.unfinished) return {};
  return Err(ErrorCode::kInvalid,
             "the import into {} is not finished ({}): run 'sluice import' with that export once "
             "more, it goes on where it was; or delete the cluster's four topics",
             cluster, mark.import);
}

}  // namespace sluice::kafka
