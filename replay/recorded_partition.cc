#include "replay/recorded_partition.h"

#include <nlohmann/json.hpp>

#include "engine/command_json.h"
#include "events/codec.h"
#include "events/json.h"

namespace sluice::replay {

Result<const LogRecord*> RecordedPartition::Head() {
  if (!head_ && !ended_) {
    Result<void> unpacked;
    auto read = archive_.Read(partition_, next_, [&](uint64_t, std::string_view bytes) {
      auto record = Unpack<LogRecord>(bytes);
      if (!record) {
        unpacked = tl::unexpected(record.error());
        return false;
      }
      bytes_ = bytes;
      head_ = std::move(*record);
      return false;
    });
    if (!unpacked) return tl::unexpected(unpacked.error());
    if (!read) return tl::unexpected(read.error());
    ended_ = !head_.has_value();
  }
  return head_ ? &*head_ : nullptr;
}

Result<void> RecordedPartition::Pass() {
  auto counts = fold_.Read(bytes_);
  if (!counts) return tl::unexpected(counts.error());
  next_ = head_->sequence + 1;
  head_.reset();
  return *counts ? fold_.Apply() : Result<void>();
}

Result<std::optional<uint32_t>> NextInTime(
    const std::vector<std::unique_ptr<RecordedPartition>>& partitions) {
  std::optional<uint32_t> chosen;
  bool any = false;
  Time earliest;
  for (uint32_t partition = 0; partition < partitions.size(); ++partition) {
    auto head = partitions[partition]->Head();
    if (!head) return tl::unexpected(head.error());
    if (*head == nullptr) continue;
    any = true;
    const auto& decision = (*head)->decision;
    if (decision && decision->origin && decision->origin->input == Input::kInternal &&
        decision->command && decision->command->source) {
      const FollowUpSource& source = *decision->command->source;
      if (source.partition < partitions.size() &&
          partitions[source.partition]->next() <= source.sequence) {
        continue;
      }
    }
    const Time time = TimeOfRecord(**head);
    if (!chosen || time < earliest) {
      chosen = partition;
      earliest = time;
    }
  }
  if (!chosen && any) {
    return Err(ErrorCode::kCorruption, "follow-ups of the log wait for each other");
  }
  return chosen;
}

Result<Command> EditedCommand(const Command& command, const std::string& payload,
                              const KindRegistry& kinds) {
  if (command.payload.type() == nullptr) {
    return Err(ErrorCode::kInvalid, "this build does not know {}", command.payload.type_name());
  }
  if (!nlohmann::json::accept(payload)) {
    // Read by itself, so that the column is that of what was typed.
    void* table = nullptr;
    const AnyTable unread = AnyTable::Make(*command.payload.type(), &table);
    const auto read = FromJson(*command.payload.type(), payload, table, "payload");
    return Err(ErrorCode::kInvalid, "{}", read ? "payload: is not JSON" : ToString(read.error()));
  }
  const std::string text =
      fmt::format(R"({{"entity":{},"command":{},"payload":{}}})", QuoteJson(command.entity),
                  QuoteJson(command.payload.type()->wire_name), payload);
  auto edited = CommandFromJson(text, kinds);
  if (edited) {
    edited->id = command.id;
    edited->actor = command.actor;
    edited->expected_version = command.expected_version;
    edited->correlation_id = command.correlation_id;
  }
  return edited;
}

void ReplaceUid(const std::string& recorded, const std::string& here, Command* command) {
  const Type* type = command->payload.type();
  const Field* field = type == nullptr ? nullptr : type->FindByJsonName("uid");
  if (field == nullptr || field->shape != Shape::kString || recorded == here) return;
  if (*static_cast<const std::string*>(field->In(command->payload.data())) != recorded) return;
  AnyTable copy = AnyTable::Copy(*type, command->payload.data());
  *static_cast<std::string*>(field->In(const_cast<void*>(copy.data()))) = here;
  command->payload = std::move(copy);
}

}  // namespace sluice::replay
