#include "bench/instant_provider.h"

#include <thread>

#include "events/instance.gen.h"
#include "events/network.gen.h"
#include "projections/store_mentions.h"

namespace sluice::bench {
namespace {

constexpr size_t kReadAtOnce = 2'000;
constexpr size_t kProviderInFlight = 512;
constexpr std::chrono::milliseconds kProviderPoll{1};
constexpr int kIdlePollsMax = 60'000;
constexpr int kIdlePollsALook = 8;

// A string or number of an action as ActionJson writes it.
std::string Field(const std::string& json, const std::string& name) {
  const std::string mark = "\"" + name + "\":";
  size_t from = json.find(mark);
  if (from == std::string::npos) return "";
  from += mark.size();
  if (json[from] != '"') return json.substr(from, json.find_first_of(",}", from) - from);
  return json.substr(from + 1, json.find('"', from + 1) - from - 1);
}

template <class Report>
Command Say(const std::string& entity, int64_t generation, int32_t pid = 0) {
  Report report;
  report.status = ConditionStatus::kTrue;
  report.generation = generation;
  if constexpr (requires { report.pid; }) report.pid = pid;
  Command command;
  command.entity = entity;
  command.payload = AnyTable::Of(std::move(report));
  return command;
}

}  // namespace

Queries QueriesOf(Node& node) {
  QueryOptions options;
  options.kinds = &node.kinds();
  for (const auto& store : node.stores()) options.stores.push_back(store.get());
  options.partition_of = [&node](std::string_view entity) { return node.PartitionOf(entity); };
  options.read_records = [&node](uint32_t partition, std::span<const uint64_t> sequences,
                                 const EventVisitor& visit) {
    return node.journal().ReadRecords(partition, sequences, visit);
  };
  return Queries(std::move(options));
}

InstantProvider::InstantProvider(Node& node, const BenchOptions& options)
    : node_(node), options_(options), queries_(QueriesOf(node)) {}

void InstantProvider::Report(const std::string& action, std::vector<Command>& commands) {
  const std::string verb = Field(action, "verb");
  const std::string target = Field(action, "target");
  const int64_t generation = std::stoll("0" + Field(action, "generation"));
  if (verb == "ProgramInstance" || verb == "ReprogramInstance") {
    // Both at once: what it starts right away it need not be asked to start.
    commands.push_back(
        Say<InstanceReportRunning>(target, generation, static_cast<int32_t>(generation)));
    commands.push_back(Say<InstanceReportProgrammed>(target, generation));
  } else if (verb == "DeleteInstance") {
    commands.push_back(Say<InstanceReportDeleted>(target, generation));
  } else if (verb.starts_with("Program")) {
    commands.push_back(Say<NetworkReportProgrammed>(target, generation));
  }
}

Result<void> InstantProvider::List(std::vector<Command>& commands) {
  next_ = node_.feed().Published();
  const auto listed = queries_.Actions({.location = std::nullopt, .limit = 0});
  if (!listed) return tl::unexpected<Error>(listed.error());
  for (const std::string& action : listed->items) {
    if (served_.insert(action).second) Report(action, commands);
  }
  return {};
}

Result<bool> InstantProvider::Follow(std::vector<Command>& commands) {
  for (uint32_t partition = 0; partition < next_.size(); ++partition) {
    std::vector<std::shared_ptr<const Change>> changes;
    const auto next = node_.feed().Read(partition, next_[partition], kReadAtOnce, &changes);
    if (!next && next.error().code == ErrorCode::kNotFound) return false;
    if (!next) return tl::unexpected<Error>(next.error());
    next_[partition] = *next;
    for (const auto& change : changes) {
      for (const std::string& ended : change->actions_ended) {
        served_.erase(ActionJson(change->entity, *store::ParseActionMention(ended)));
      }
      for (const std::string& begun : change->actions_begun) {
        const std::string action = ActionJson(change->entity, *store::ParseActionMention(begun));
        if (served_.insert(action).second) Report(action, commands);
      }
    }
  }
  return true;
}

Result<size_t> InstantProvider::ServeOnce() {
  std::vector<Command> commands;
  auto followed = next_.empty() ? Result<bool>(false) : Follow(commands);
  if (!followed) return tl::unexpected<Error>(followed.error());
  if (!*followed) {
    if (auto listed = List(commands); !listed) return tl::unexpected<Error>(listed.error());
  }
  reports_ += commands.size();
  if (commands.empty()) return size_t{0};
  const auto sent = RunClosedLoop(
      node_, kProviderInFlight,
      [&](uint64_t n) -> std::optional<Command> {
        if (n >= commands.size()) return std::nullopt;
        return commands[n];
      },
      Duration{}, options_.stop);
  if (!sent) return tl::unexpected<Error>(sent.error());
  return commands.size();
}

Result<void> InstantProvider::ServeUntil(const std::function<bool()>& done) {
  // Looking costs a read of the object: only while there is nothing else to do, and ever more
  // seldom, so that a machine that is slow does not look worse for it.
  for (int idle = 0;;) {
    if (options_.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    if (idle > kIdlePollsMax) {
      return Err(ErrorCode::kUnavailable, "nothing was pending any more, and it was not done");
    }
    const auto served = ServeOnce();
    if (!served) return tl::unexpected<Error>(served.error());
    if (*served > 0) {
      idle = 0;
      continue;
    }
    if (idle % kIdlePollsALook == 0 && done()) return {};
    ++idle;
    std::this_thread::sleep_for(kProviderPoll);
  }
}

}  // namespace sluice::bench
