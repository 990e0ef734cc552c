#include "engine/journal/kafka/kafka_import.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/journal/kafka/kafka_core.h"
#include "engine/journal/kafka/kafka_epoch.h"
#include "events/codec.h"
#include "events/epoch.h"

namespace sluice {
namespace {

constexpr size_t kBatchBytes = size_t{8} << 20;
// Of one transaction; what is undecided goes in a single one.
constexpr int kTransactionTimeoutMs = 300'000;
constexpr int kMarkersStepMs = 10;

}  // namespace

KafkaImport::KafkaImport(std::unique_ptr<KafkaJournal::Core> core, size_t records_per_commit)
    : core_(std::move(core)), records_per_commit_(records_per_commit) {}
KafkaImport::~KafkaImport() = default;

Hash128 KafkaImport::epoch() const { return core_->epoch; }

Result<std::unique_ptr<KafkaImport>> KafkaImport::Begin(KafkaOptions options,
                                                        const ImportSource& source,
                                                        size_t records_per_commit) {
  auto core = std::make_unique<KafkaJournal::Core>(std::move(options));
  auto admin = kafka::Admin::Make(core->ClientConfig());
  if (!admin) return tl::unexpected<Error>(std::move(admin.error()));
  core->admin = std::move(*admin);
  const auto partitions =
      kafka::EnsureTopics(*core->admin, core->names, source.partitions, core->options.replication);
  if (!partitions) return tl::unexpected<Error>(partitions.error());
  core->partitions = *partitions;
  std::unique_ptr<KafkaImport> import(new KafkaImport(std::move(core), records_per_commit));
  if (auto taken = import->TakeOver(); !taken) return tl::unexpected<Error>(taken.error());

  const std::string what = fmt::format("log {} up to {}", source.epoch, source.coverage);
  auto mark = kafka::ReadEpochMark(*import->core_);
  if (!mark) return tl::unexpected<Error>(std::move(mark.error()));
  if (!*mark) {
    if (auto begun = import->BeginAnew(what); !begun) return tl::unexpected<Error>(begun.error());
    return import;
  }
  const std::string& cluster = import->core_->options.cluster;
  if (!(*mark)->unfinished) {
    return Err(
        ErrorCode::kInvalid,
        "cluster {} has a log already; an import needs empty topics: give another --cluster, "
        "or delete its four topics",
        cluster);
  }
  if ((*mark)->import != what) {
    return Err(ErrorCode::kInvalid,
               "another import into {} is not finished: of {}, not of {}; give that export, or "
               "delete the cluster's four topics",
               cluster, (*mark)->import, what);
  }
  import->core_->epoch = (*mark)->epoch;
  if (auto read = import->ReadBrought(); !read) return tl::unexpected<Error>(read.error());
  return import;
}

Result<void> KafkaImport::TakeOver() {
  kafka::Config config = core_->ClientConfig();
  config["transactional.id"] = core_->options.cluster + "-import";
  config["transaction.timeout.ms"] = std::to_string(kTransactionTimeoutMs);
  config["linger.ms"] = "5";
  producer_.reset();
  auto producer = kafka::Producer::Make(config);
  if (!producer) return tl::unexpected<Error>(std::move(producer.error()));
  producer_ = std::move(*producer);
  if (auto fenced = producer_->InitTransactions(kafka::kRequestTimeout); !fenced) return fenced;
  return producer_->Warm({core_->names.events, core_->names.internal, core_->names.dead_letters},
                         kafka::kRequestTimeout);
}

Result<void> KafkaImport::RequireEmpty() const {
  auto reader = kafka::Reader::Make(core_->ReaderConfig());
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  for (const std::string* topic : {&core_->names.commands, &core_->names.internal,
                                   &core_->names.events, &core_->names.dead_letters}) {
    for (uint32_t partition = 0; partition < core_->partitions; ++partition) {
      const auto marks = (*reader)->QueryWatermarks(*topic, partition, kafka::kRequestTimeout);
      if (!marks) return tl::unexpected<Error>(marks.error());
      if (marks->end == 0) continue;
      return Err(ErrorCode::kInvalid,
                 "topic {} is not empty: its partition {} ends at offset {}; an import needs empty "
                 "topics: give another --cluster, or delete its four topics",
                 *topic, partition, marks->end);
    }
  }
  return {};
}

Result<void> KafkaImport::BeginAnew(const std::string& what) {
  if (auto empty = RequireEmpty(); !empty) return empty;
  core_->epoch = kafka::RandomHash();
  brought_.assign(core_->partitions, {});
  if (auto begun = producer_->Begin(); !begun) return begun;
  auto produced = producer_->Produce(core_->names.dead_letters, 0, "", "",
                                     {{std::string(kafka::kEpochHeader), ToHex(core_->epoch)},
                                      {std::string(kafka::kImportHeader), what}},
                                     0, kafka::kRequestTimeout);
  if (!produced) return produced;
  if (auto committed = producer_->Commit(kafka::kRequestTimeout); !committed) return committed;
  return AwaitMark(/*unfinished=*/true);
}

Result<void> KafkaImport::AwaitMark(bool unfinished) const {
  for (int waited_ms = 0;; waited_ms += kMarkersStepMs) {
    auto mark = kafka::ReadEpochMark(*core_);
    if (!mark) return tl::unexpected<Error>(std::move(mark.error()));
    if (*mark && (*mark)->epoch != core_->epoch) {
      return Err(ErrorCode::kInvalid,
                 "a node was started on cluster {} before the import began; give another --cluster",
                 core_->options.cluster);
    }
    if (*mark && (*mark)->unfinished == unfinished) return {};
    if (waited_ms * 1000 > kafka::kRequestTimeout.us) {
      return Err(ErrorCode::kUnavailable, "Kafka: what was committed to {}-0 does not appear",
                 core_->names.dead_letters);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kMarkersStepMs));
  }
}

Result<void> KafkaImport::ReadBrought() {
  for (uint32_t partition = 0; partition < core_->partitions; ++partition) {
    Brought& brought = brought_.emplace_back();
    auto read = kafka::VisitTopic(
        *core_, core_->names.events, partition, [&](kafka::Message message) -> Result<void> {
          const auto record = Unpack<LogRecord>(message.payload);
          if (!record || record->sequence != brought.records || brought.closed) {
            return Err(ErrorCode::kInvalid,
                       "the record at offset {} of {}-{} is none of the import's; delete the "
                       "cluster's four topics",
                       message.offset, core_->names.events, partition);
          }
          const EpochOpened* opened = OpenedEpoch(*record);
          brought.closed = opened != nullptr && opened->epoch == core_->epoch;
          if (brought.closed) return {};
          ++brought.records;
          brought.chain = Xxh128(message.payload);
          return {};
        });
    if (!read) return read;
  }
  return {};
}

Result<void> KafkaImport::Add(const LogRecord& record, Bytes bytes) {
  const Brought& brought = brought_.at(record.partition);
  if (record.sequence < brought.records) {
    // Each record names the hash of the one before, so the last one's says it of all.
    if (record.sequence + 1 < brought.records || Xxh128(bytes) == brought.chain) return {};
    return Err(ErrorCode::kInvalid,
               "an earlier import has brought another record {}:{} to cluster {}; delete its four "
               "topics",
               record.partition, record.sequence, core_->options.cluster);
  }
  if (brought.closed) {
    return Err(ErrorCode::kInvalid, "partition {} of cluster {} was closed before {}:{}",
               record.partition, core_->options.cluster, record.partition, record.sequence);
  }
  if (!in_transaction_) {
    if (auto begun = producer_->Begin(); !begun) return begun;
    in_transaction_ = true;
  }
  if (auto produced = ProduceRecord(record, bytes); !produced) return produced;
  batch_bytes_ += bytes.size();
  if (++batch_records_ < records_per_commit_ && batch_bytes_ < kBatchBytes) return {};
  return Commit();
}

Result<void> KafkaImport::ProduceRecord(const LogRecord& record, std::string_view bytes) {
  const Command* command =
      record.decision && record.decision->command ? &*record.decision->command : nullptr;
  return producer_->Produce(core_->names.events, record.partition,
                            command ? std::string_view(command->entity) : std::string_view(), bytes,
                            kafka::EventHeaders(record), 0, kafka::kRequestTimeout);
}

Result<void> KafkaImport::Commit() {
  batch_records_ = 0;
  batch_bytes_ = 0;
  if (!std::exchange(in_transaction_, false)) return {};
  return producer_->Commit(kafka::kRequestTimeout);
}

// One transaction: either everything is closed, or nothing is.
Result<void> KafkaImport::Close(const ImportEnd& end) {
  if (auto committed = Commit(); !committed) return committed;
  if (std::any_of(brought_.begin(), brought_.end(), [](const Brought& at) { return at.closed; })) {
    return {};
  }
  if (auto begun = producer_->Begin(); !begun) return begun;
  for (const UndecidedFollowUp& undecided : end.undecided) {
    auto produced = producer_->Produce(core_->names.internal, undecided.record.target_partition,
                                       undecided.entity, undecided.record.payload, {}, 0,
                                       kafka::kRequestTimeout);
    if (!produced) return produced;
  }
  for (const LogRecord& closing : end.closing) {
    if (auto produced = ProduceRecord(closing, Pack(closing)); !produced) return produced;
  }
  return producer_->Commit(Duration::Millis(kTransactionTimeoutMs));
}

Result<void> KafkaImport::Finish() {
  // The markers of what was committed are on every partition then: a term sees all of it.
  if (auto taken = TakeOver(); !taken) return taken;
  if (auto begun = producer_->Begin(); !begun) return begun;
  auto produced = producer_->Produce(core_->names.dead_letters, 0, "", "",
                                     {{std::string(kafka::kEpochHeader), ToHex(core_->epoch)},
                                      {std::string(kafka::kImportedHeader), "whole"}},
                                     0, kafka::kRequestTimeout);
  if (!produced) return produced;
  if (auto committed = producer_->Commit(kafka::kRequestTimeout); !committed) return committed;
  return AwaitMark(/*unfinished=*/false);
}

}  // namespace sluice
