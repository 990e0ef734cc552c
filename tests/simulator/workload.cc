#include "tests/simulator/workload.h"

#include "engine/command_json.h"
#include "engine/routing.h"
#include "events/codec.h"

namespace sluice::simulator {
namespace {

constexpr size_t kRepeatableMax = 40;

}  // namespace

UserRecord Workload::Next() {
  if (random_.Chance(25)) return Unreadable();
  if (!sent_.empty() && random_.Chance(120)) {
    // Sent again as it was, or another content under its id.
    Command again = random_.Pick(sent_);
    if (random_.Chance(250)) again.payload = Fresh().payload;
    return Wrap(std::move(again));
  }
  Command command = Fresh();
  if (random_.Chance(700)) command.id = fmt::format("c-{}", next_id_++);
  if (random_.Chance(100)) {
    const uint64_t version = version_of_(command.entity);
    command.expected_version = random_.Chance(500) ? version : random_.Below(version + 2);
  }
  if (!command.id.empty()) {
    sent_.push_back(command);
    if (sent_.size() > kRepeatableMax) sent_.pop_front();
  }
  if (random_.Chance(20)) {  // poses as a node's
    command.source = FollowUpSource{.epoch = {7, 7},
                                    .partition = 0,
                                    .term = 1,
                                    .number = random_.Between(1, 5),
                                    .entity = command.entity};
    command.outcome_number = 1;
    if (random_.Chance(500)) command.to_partition = 0;
  }
  return Wrap(std::move(command));
}

Command Workload::Fresh() { return makers_[random_.Weighted(weights_)](random_); }

UserRecord Workload::Unreadable() {
  UserRecord record;
  record.partition = static_cast<uint32_t>(random_.Below(partitions_));
  record.is_json = random_.Chance(500);
  record.about = "unreadable bytes";
  if (record.is_json) {
    record.payload = "{\"entity\":";
  } else if (random_.Chance(500)) {
    record.payload = Pack(Fresh());
    record.payload.resize(record.payload.size() / 2);
  } else {
    for (uint64_t left = random_.Below(64); left > 0; --left) {
      record.payload.push_back(static_cast<char>(random_.Below(256)));
    }
  }
  return record;
}

UserRecord Workload::Wrap(Command command) {
  UserRecord record;
  record.partition = PartitionOfKey(command.entity, partitions_);
  if (random_.Chance(50)) record.partition = static_cast<uint32_t>(random_.Below(partitions_));
  record.is_json = !command.source && random_.Chance(100);
  record.payload = record.is_json ? CommandToJson(command) : Pack(command);
  record.about = fmt::format("{} to {}{}{}", command.payload.type_name(), command.entity,
                             command.id.empty() ? "" : " id ", command.id);
  record.command = std::move(command);
  return record;
}

}  // namespace sluice::simulator
