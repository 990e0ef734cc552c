#include "engine/node.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "engine/command_json.h"
#include "engine/open_journal.h"
#include "engine/routing.h"
#include "events/codec.h"

namespace sluice {
namespace {

constexpr size_t kKafkaWindows = 4;

}  // namespace

Node::Node(NodeOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<Node>> Node::Open(NodeOptions options) {
  std::unique_ptr<Node> node(new Node(std::move(options)));
  if (auto opened = node->OpenAll(); !opened) {
    return tl::unexpected<Error>(std::move(opened.error()));
  }
  return node;
}

Node::~Node() {
  Stop();
  journal_.reset();  // Its threads wake the runners.
}

Result<void> Node::OpenAll() {
  std::error_code error;
  const std::filesystem::path data(options_.data_dir);
  std::filesystem::create_directories(data / "projections", error);
  if (error) {
    return Err(ErrorCode::kIo, "its folders cannot be made: {}", error.message());
  }
  JournalChoice choice;
  choice.data_dir = options_.data_dir;
  choice.partitions = options_.partitions;
  choice.clock = options_.clock;
  choice.kafka = options_.kafka;
  choice.archive = options_.archive;
  choice.on_fatal = options_.on_fatal;
  if (choice.kafka && choice.kafka->node.empty()) choice.kafka->node = options_.node_name;
  if (choice.kafka) choice.kafka->warm = options_.warm;
  choice.on_appended = [this](uint64_t ticket, Result<uint64_t> offset) {
    OnAppended(ticket, std::move(offset));
  };
  choice.on_again = [this](uint64_t ticket) { return callers_.Renew(ticket); };
  auto journal = OpenJournal(choice);
  if (!journal) return tl::unexpected<Error>(std::move(journal.error()));
  journal_ = std::move(*journal);

  const uint32_t partitions = journal_->partition_count();
  feed_ = std::make_unique<ChangeFeed>(partitions, options_.change_feed_bytes_max);
  AdmissionLimits limits = options_.admission;
  // A broker takes longer to commit than a disk.
  if (options_.kafka) limits.window_commands *= kKafkaWindows;
  const auto memory = MakeStoreMemory(options_.store_cache_bytes, options_.store_memtable_bytes);
  for (uint32_t partition = 0; partition < partitions; ++partition) {
    StoreOptions store;
    store.path = (data / "projections" / std::to_string(partition)).string();
    store.partition = partition;
    store.kinds = options_.kinds;
    store.memory = memory;
    store.feed = feed_.get();
    store.on_rebuild = [this, partition](const std::string& why) {
      if (options_.on_notice) {
        options_.on_notice(
            fmt::format("projections of partition {} are derived anew: {}", partition, why));
      }
    };
    auto opened = PartitionStore::Open(std::move(store));
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    stores_.push_back(std::move(*opened));
    ProcessorOptions processor;
    processor.decider.build = options_.build;
    processor.decider.node = options_.node_name;
    processor.decider.cache.bytes_max = options_.cached_bytes_max / partitions;
    runners_.push_back(std::make_unique<PartitionRunner>(
        *journal_, *stores_.back(), *options_.clock, static_cast<ProcessorListener&>(*this),
        std::move(processor),
        [this, partition](const std::string& reason) { OnStopped(partition, reason); },
        [this, partition] { return KeepsWarm(partition); }));
    gates_.push_back(std::make_unique<PartitionGate>(
        limits, [this, partition](Admitted command) { HandIn(partition, std::move(command)); }));
    journal_->SetFollower(partition, [runner = runners_.back().get()] { runner->Wake(); });
  }
  OpenSnapshots(memory);
  return {};
}

Result<void> Node::Start(const std::string& address) {
  CHECK(!options_.archive);
  if (auto joined = journal_->Join(address); !joined) return joined;
  for (auto& runner : runners_) runner->Start();
  ScheduleSnapshots();
  return {};
}

Result<void> Node::RecoverOnly() {
  for (auto& runner : runners_) {
    if (auto recovered = runner->RecoverOnly(); !recovered) return recovered;
  }
  return {};
}

void Node::Stop() {
  stopping_ = true;
  schedule_.reset();
  if (journal_) journal_->Hurry();
  {
    // All at once: each may have a commit to wait for.
    std::vector<std::jthread> stops;
    for (auto& runner : runners_) stops.emplace_back([&runner] { runner->Stop(); });
  }
  if (journal_) journal_->Leave();
  callers_.FailAll({ErrorCode::kUnavailable,
                    "the node is stopping; the outcome is unknown, send it again under its id"});
}

uint32_t Node::PartitionOf(std::string_view entity) const {
  return PartitionOfKey(entity, partition_count());
}

void Node::Submit(Command command, CallerCallback done, std::string_view connection) {
  const uint32_t partition = PartitionOf(command.entity);
  Bytes bytes = Pack(command);
  // Its sender is here and hears of it: nothing needs to be set aside.
  if (bytes.size() > kCommandBytesMax) {
    return done(Err(ErrorCode::kInvalid, "a command may be at most {} bytes, this one has {}",
                    kCommandBytesMax, bytes.size()));
  }
  InputRecord record;
  record.payload = std::move(bytes);
  record.key = command.entity;
  const std::string sender = command.actor.empty() ? std::string(connection) : command.actor;
  record.command = std::make_shared<Command>(std::move(command));
  SubmitRecord(partition, sender, std::move(record), std::move(done));
}

void Node::SubmitBytes(uint32_t partition, Bytes payload, bool is_json, CallerCallback done,
                       std::string key) {
  InputRecord record;
  record.payload = std::move(payload);
  record.is_json = is_json;
  record.key = std::move(key);
  SubmitRecord(partition, "", std::move(record), std::move(done));
}

void Node::SubmitRecord(uint32_t partition, std::string_view sender, InputRecord record,
                        CallerCallback done) {
  // Not at the gate: it only empties then, so that whoever hands in comes to an end.
  if (!Takes(partition)) return done(NotTaken(partition));
  record.ticket = callers_.NextTicket();
  auto refused =
      gates_[partition]->Enter(sender, {.record = std::move(record), .done = std::move(done)});
  if (refused) refused->done(Err(ErrorCode::kUnavailable, "{}", kTooManyWaiting));
}

bool Node::Takes(uint32_t partition) const { return !stopping_ && !runners_[partition]->stopped(); }

Result<CallerAnswer> Node::NotTaken(uint32_t partition) const {
  return Err(ErrorCode::kUnavailable, "partition {} has stopped: {}", partition,
             stopping_ ? "the node is stopping" : Status(partition).reason);
}

void Node::HandIn(uint32_t partition, Admitted command) {
  const uint64_t ticket = command.record.ticket;
  CallerCallback done = [this, partition, ticket,
                         answer = std::move(command.done)](Result<CallerAnswer> outcome) {
    answer(std::move(outcome));
    gates_[partition]->Leave(ticket);
  };
  if (!Takes(partition)) return done(NotTaken(partition));
  callers_.Add(ticket, partition, std::move(done), options_.kafka.has_value());
  if (auto taken = journal_->Append(partition, std::move(command.record)); !taken) {
    callers_.Answer(ticket, tl::unexpected<Error>(std::move(taken.error())));
  } else if (runners_[partition]->stopped()) {
    // It stopped after the first look, perhaps after it had told everybody who waited then.
    callers_.Answer(ticket, Err(ErrorCode::kUnavailable, "partition {} has stopped", partition));
  }
}

void Node::OnStopped(uint32_t partition, const std::string& reason) {
  callers_.FailPartition(
      partition,
      {ErrorCode::kUnavailable,
       fmt::format("partition {} has stopped ({}); the outcome is unknown, send it again "
                   "under its id",
                   partition, reason)});
  if (!options_.kafka || stopping_ || !options_.on_fatal) return;
  for (const auto& runner : runners_) {
    const RunnerState state = runner->Status().state;
    const bool decides = state != RunnerState::kFollowing && state != RunnerState::kCold;
    if (decides && state != RunnerState::kStopped) return;
  }
  options_.on_fatal({ErrorCode::kCorruption,
                     fmt::format("partition {}: {}; no partition is left that this node decides",
                                 partition, reason)});
}

// The nodes of a cluster choose each for itself, and by hash: so that, together, they keep about as
// much of one partition as of another.
bool Node::KeepsWarm(uint32_t partition) const {
  if (!options_.warm) return true;
  const auto score = [&](uint32_t of) {
    return std::pair(Murmur2(fmt::format("{}/{}", options_.node_name, of)), of);
  };
  uint32_t before = 0;
  for (uint32_t other = 0; other < partition_count(); ++other) {
    if (!journal_->IsAssigned(other) && score(other) < score(partition)) ++before;
  }
  return before < *options_.warm;
}

std::string Node::NotReadyReason() const {
  if (std::string fault = journal_->Fault(); !fault.empty()) return fault;
  for (uint32_t partition = 0; partition < runners_.size(); ++partition) {
    const RunnerStatus status = Status(partition);
    switch (status.state) {
      case RunnerState::kOpen:
        break;
      case RunnerState::kFollowing:
      case RunnerState::kCold:
        if (status.reason.empty()) break;
        return fmt::format("partition {}: {}", partition, status.reason);
      case RunnerState::kRecovering:
        return fmt::format("partition {} reads its log: {} of {} decisions", partition,
                           status.recovered, status.recover_end);
      case RunnerState::kWaiting:
        return fmt::format("partition {} tries again: {}", partition, status.reason);
      case RunnerState::kStopped:
        return fmt::format("partition {} has stopped: {}", partition, status.reason);
    }
  }
  return "";
}

}  // namespace sluice
