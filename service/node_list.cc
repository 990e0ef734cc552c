#include "service/node_list.h"

#include "events/json.h"

namespace sluice::service {
namespace {

std::string_view StateName(RunnerState state) {
  switch (state) {
    case RunnerState::kRecovering:
      return "Reading";
    case RunnerState::kOpen:
      return "Deciding";
    case RunnerState::kWaiting:
      return "Waiting";
    case RunnerState::kStopped:
      return "Stopped";
    case RunnerState::kFollowing:
      return "Following";
    case RunnerState::kCold:
      return "Cold";
  }
  Unreachable();
}

std::string PartitionJson(Node& node, uint32_t partition) {
  const RunnerStatus status = node.Status(partition);
  const uint64_t applied = node.stores()[partition]->NextSequence();
  return fmt::format(
      R"({{"partition":{},"state":"{}","reason":{},"term":{},"sequence":{},"applied":{}{}}})",
      partition, StateName(status.state), QuoteJson(status.reason), status.term,
      node.journal().EndSequence(partition).value_or(applied), applied,
      status.inputs_waiting ? fmt::format(R"(,"waiting":{})", *status.inputs_waiting) : "");
}

}  // namespace

std::string NodesJson(Node& node) {
  std::string items;
  for (const NodeInfo& info : node.journal().Nodes()) {
    items +=
        fmt::format(R"({}{{"name":{},"address":{},"partitions":[{}]{}}})", items.empty() ? "" : ",",
                    QuoteJson(info.name), QuoteJson(info.address), fmt::join(info.partitions, ","),
                    info.warm ? fmt::format(R"(,"warm":{})", *info.warm) : "");
  }
  std::string partitions;
  for (uint32_t partition = 0; partition < node.partition_count(); ++partition) {
    partitions += (partition == 0 ? "" : ",") + PartitionJson(node, partition);
  }
  return fmt::format(R"({{"items":[{}],"self":{{"name":{},"partitions":[{}]}}}})", items,
                     QuoteJson(node.options().node_name), partitions);
}

}  // namespace sluice::service
