#include "engine/journal/kafka/kafka_journal.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>

#include "engine/journal/kafka/kafka_core.h"
#include "engine/journal/kafka/kafka_epoch.h"
#include "engine/journal/kafka/kafka_guard.h"
#include "engine/journal/kafka/kafka_membership.h"
#include "engine/journal/kafka/kafka_tail.h"
#include "engine/journal/kafka/kafka_term.h"
#include "engine/journal/kafka/kafka_transactions.h"
#include "events/codec.h"

namespace sluice {
namespace {

Result<void> OpenArchive(KafkaJournal::Core& core) {
  EmbeddedOptions archive;
  archive.path = core.options.archive_path;
  archive.partitions = core.partitions;
  archive.clock = core.options.clock;
  archive.draw_epoch = [&core] { return core.epoch; };
  auto opened = journal::LogStore::Open(archive);
  if (opened && (*opened)->meta().epoch != core.epoch) {
    // Another cluster's, or that of topics made anew: it is only a copy.
    opened->reset();
    std::error_code ignored;
    std::filesystem::remove_all(archive.path, ignored);
    opened = journal::LogStore::Open(archive);
  }
  if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
  core.archive = std::move(*opened);
  for (uint32_t partition = 0; partition < core.partitions; ++partition) {
    auto slot = std::make_unique<KafkaJournal::Core::Slot>();
    const auto end = core.archive->ReadEndSequence(partition);
    if (!end) return tl::unexpected<Error>(end.error());
    const auto counters = core.archive->ReadCounters(partition);
    if (!counters) return tl::unexpected<Error>(counters.error());
    slot->archived = *end;
    slot->events_offset = counters->next_internal_offset;
    if (*end > 0) {
      auto read = core.archive->ReadEvents(partition, *end - 1, [&](uint64_t, std::string_view at) {
        if (const auto record = Unpack<LogRecord>(at)) slot->term_number = record->term;
        return false;
      });
      if (!read) return read;
    }
    core.slots.push_back(std::move(slot));
  }
  return {};
}

}  // namespace

KafkaJournal::KafkaJournal(std::unique_ptr<Core> core) : core_(std::move(core)) {}
KafkaJournal::~KafkaJournal() = default;

Result<std::unique_ptr<KafkaJournal>> KafkaJournal::Open(KafkaOptions options) {
  auto core = std::make_unique<Core>(std::move(options));
  if (auto checked = kafka::CheckProperties(core->options.properties); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  core->process_id = ToHex(kafka::RandomHash()).substr(0, 16);
  auto admin = kafka::Admin::Make(core->ClientConfig(), &core->hurry);
  if (!admin) return tl::unexpected<Error>(std::move(admin.error()));
  core->admin = std::move(*admin);
  const auto partitions = kafka::EnsureTopics(*core->admin, core->names, core->options.partitions,
                                              core->options.replication);
  if (!partitions) return tl::unexpected<Error>(partitions.error());
  core->partitions = *partitions;

  const auto epoch = kafka::ReadEpoch(*core);
  if (!epoch) return tl::unexpected<Error>(epoch.error());
  core->epoch = *epoch;
  if (auto opened = OpenArchive(*core); !opened) return tl::unexpected<Error>(opened.error());
  for (uint32_t partition = 0; partition < core->partitions; ++partition) {
    if (auto caught_up = core->CatchUp(partition, /*settled=*/false); !caught_up) {
      return tl::unexpected<Error>(caught_up.error());
    }
  }
  return std::unique_ptr<KafkaJournal>(new KafkaJournal(std::move(core)));
}

uint32_t KafkaJournal::partition_count() const { return core_->partitions; }
Hash128 KafkaJournal::epoch() const { return core_->epoch; }

Result<std::unique_ptr<PartitionJournal>> KafkaJournal::OpenPartition(uint32_t partition) {
  if (auto there = core_->CheckPartition(partition); !there) {
    return tl::unexpected<Error>(there.error());
  }
  Core::Slot& slot = *core_->slots[partition];
  kafka::PartitionTerm* former = nullptr;
  {
    const std::lock_guard lock(slot.mutex);
    former = std::exchange(slot.term, nullptr);
  }
  if (former) former->Fence();
  auto term = OpenTerm(partition);
  if (!term && term.error().code == ErrorCode::kFenced && core_->membership) {
    core_->membership->Fenced(partition);
  }
  if (!term) return tl::unexpected<Error>(std::move(term.error()));
  return std::unique_ptr<PartitionJournal>(std::move(*term));
}

Result<std::unique_ptr<kafka::PartitionTerm>> KafkaJournal::OpenTerm(uint32_t partition) {
  // Before the assignment is looked at: who revokes it waits for every term that is counted.
  auto counted = core_->CountTerm(partition);
  if (!IsAssigned(partition)) {
    return Err(ErrorCode::kUnavailable, "partition {} is assigned to another node", partition);
  }
  // (1) Fences the old owner, wherever it is, and settles its transactions.
  auto transactions = kafka::Transactions::TakeOver(*core_, partition);
  if (!transactions) return tl::unexpected<Error>(std::move(transactions.error()));
  // (2) What is true is what the log says now.
  if (auto caught_up = core_->CatchUp(partition, /*settled=*/true); !caught_up) {
    return tl::unexpected<Error>(caught_up.error());
  }
  auto term = std::make_unique<kafka::PartitionTerm>(*core_, partition, std::move(counted),
                                                     std::move(*transactions));
  const std::lock_guard lock(core_->slots[partition]->mutex);
  core_->slots[partition]->term = term.get();
  return term;
}

Result<void> KafkaJournal::Join(const std::string& address) {
  if (!core_->options.shares) return {};
  core_->guard = std::make_unique<kafka::TopicGuard>(*core_);
  core_->tail = std::make_unique<kafka::EventsTail>(*core_);
  auto membership = kafka::Membership::Join(*core_, address);
  if (!membership) return tl::unexpected<Error>(std::move(membership.error()));
  core_->membership = std::move(*membership);
  return {};
}

void KafkaJournal::Leave() {
  core_->membership.reset();
  core_->tail.reset();
  core_->guard.reset();
  for (uint32_t partition = 0; partition < core_->partitions; ++partition) {
    SetFollower(partition, nullptr);
  }
}

bool KafkaJournal::IsAssigned(uint32_t partition) const {
  if (!core_->options.shares) return true;
  return core_->membership && core_->membership->MayOpen(partition);
}

std::string KafkaJournal::FollowFault(uint32_t partition) const {
  if (!core_->membership) return "";
  std::string fault = core_->membership->Fault(partition);
  if (!fault.empty()) return fault;
  const std::lock_guard lock(core_->slots[partition]->mutex);
  return core_->slots[partition]->fault;
}

std::vector<NodeInfo> KafkaJournal::Nodes() const {
  return core_->membership ? core_->membership->Nodes() : std::vector<NodeInfo>();
}

std::string KafkaJournal::Fault() const {
  std::string fault = core_->guard ? core_->guard->Fault() : "";
  return fault.empty() ? core_->CommandsFault() : fault;
}

void KafkaJournal::Hurry() { core_->hurry = true; }

void KafkaJournal::SetFollower(uint32_t partition, std::function<void()> changed) {
  const std::lock_guard lock(core_->slots[partition]->mutex);
  core_->slots[partition]->follower = std::move(changed);
}

Result<void> KafkaJournal::Append(uint32_t partition, InputRecord record) {
  if (auto there = core_->CheckPartition(partition); !there) return there;
  const auto commands = core_->Commands();
  if (!commands) return tl::unexpected<Error>(commands.error());
  kafka::Deliverer::Record command;
  command.topic = core_->names.commands;
  command.partition = partition;
  command.key = std::move(record.key);
  command.payload = std::move(record.payload);
  command.headers = std::move(record.headers);
  if (record.is_json) command.headers.emplace_back(kafka::kContentTypeHeader, "application/json");
  if (record.ticket != 0) core_->SetTicket(command, record.ticket);
  return (*commands)->Send(std::move(command));
}

Result<void> KafkaJournal::ReadEvents(uint32_t partition, uint64_t from,
                                      const RecordVisitor& visitor) const {
  if (auto there = core_->CheckPartition(partition); !there) return there;
  return core_->archive->ReadEvents(partition, from, visitor);
}

Result<void> KafkaJournal::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                       const RecordVisitor& visitor) const {
  if (auto there = core_->CheckPartition(partition); !there) return there;
  return core_->archive->ReadRecords(partition, sequences, visitor);
}

Result<uint64_t> KafkaJournal::EndSequence(uint32_t partition) const {
  if (auto there = core_->CheckPartition(partition); !there) {
    return tl::unexpected<Error>(there.error());
  }
  const std::lock_guard lock(core_->slots[partition]->mutex);
  return core_->slots[partition]->archived;
}

Result<void> KafkaJournal::ReadDeadLetters(uint32_t partition, uint64_t from,
                                           const DeadLetterVisitor& visitor) const {
  if (auto there = core_->CheckPartition(partition); !there) return there;
  auto messages = kafka::ReadTopic(*core_, core_->names.dead_letters, partition);
  if (!messages) return tl::unexpected<Error>(std::move(messages.error()));
  std::map<uint64_t, DeadLetter> letters;
  uint64_t next = 0;
  for (kafka::Message& message : *messages) {
    if (kafka::FindHeader(message.headers, kafka::kEpochHeader)) continue;
    if (const std::string* gone = kafka::FindHeader(message.headers, "removed")) {
      letters.erase(std::strtoull(gone->c_str(), nullptr, 10));
      continue;
    }
    DeadLetter letter;
    letter.number = next++;
    letter.payload = std::move(message.payload);
    if (const auto* reason = kafka::FindHeader(message.headers, "reason")) letter.reason = *reason;
    if (const auto* input = kafka::FindHeader(message.headers, "origin-input")) {
      letter.input = ParseInput(*input).value_or(Input::kCommands);
    }
    if (const auto* offset = kafka::FindHeader(message.headers, "origin-offset")) {
      letter.offset = std::strtoull(offset->c_str(), nullptr, 10);
    }
    if (const auto* time = kafka::FindHeader(message.headers, "time")) {
      letter.time = ParseTime(*time).value_or(Time{});
    }
    const auto* type = kafka::FindHeader(message.headers, kafka::kContentTypeHeader);
    letter.is_json = type && *type == "application/json";
    letters.emplace(letter.number, std::move(letter));
  }
  for (auto at = letters.lower_bound(from); at != letters.end(); ++at) {
    if (!visitor(at->second)) break;
  }
  return {};
}

Result<void> KafkaJournal::RemoveDeadLetter(uint32_t partition, uint64_t number) {
  bool found = false;
  auto read = ReadDeadLetters(partition, number, [&](const DeadLetter& letter) {
    found = letter.number == number;
    return false;
  });
  if (!read) return read;
  if (!found) {
    return Err(ErrorCode::kNotFound, "there is no dead letter {} in partition {}", number,
               partition);
  }
  // The topic keeps it; a mark says that it is done with.
  return core_->Mark(partition, {{"removed", std::to_string(number)}});
}

}  // namespace sluice
