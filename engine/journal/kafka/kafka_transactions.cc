#include "engine/journal/kafka/kafka_transactions.h"

#include "engine/journal/kafka/kafka_batch.h"
#include "events/codec.h"

namespace sluice::kafka {

std::array<std::string, kTransactionalIds> TransactionalIds(const std::string& cluster,
                                                            uint32_t partition) {
  std::array<std::string, kTransactionalIds> ids;
  ids[0] = cluster + "-" + std::to_string(partition);
  // With a dot: "shop-1-2" would be partition 2 of cluster "shop-1", too.
  for (size_t i = 1; i < ids.size(); ++i) ids[i] = ids[0] + "." + std::to_string(i + 1);
  return ids;
}

Transactions::Transactions(KafkaJournal::Core& core, uint32_t partition)
    : core_(core), partition_(partition) {}
Transactions::~Transactions() = default;

Result<std::unique_ptr<Transactions>> Transactions::TakeOver(KafkaJournal::Core& core,
                                                             uint32_t partition) {
  std::unique_ptr<Transactions> taken(new Transactions(core, partition));
  for (const std::string& id : TransactionalIds(core.options.cluster, partition)) {
    if (auto fenced = taken->Take(id); !fenced) return tl::unexpected<Error>(fenced.error());
  }
  return taken;
}

Result<void> Transactions::Take(const std::string& transactional_id) {
  Config config = core_.ClientConfig({{"linger.ms", "0"}});
  config["transactional.id"] = transactional_id;
  config["transaction.timeout.ms"] = std::to_string(core_.SessionTimeoutMs());
  auto producer = Producer::Make(
      config,
      [this](uint64_t, Result<uint64_t> offset) {
        if (offset) delivered_ = *offset;
      },
      &core_.hurry);
  if (!producer) return tl::unexpected<Error>(std::move(producer.error()));
  if (auto fenced = (*producer)->InitTransactions(kRequestTimeout); !fenced) return fenced;
  const TopicNames& names = core_.names;
  auto warmed =
      (*producer)->Warm({names.events, names.internal, names.dead_letters}, kRequestTimeout);
  if (!warmed) return warmed;
  producers_.push_back(std::move(*producer));
  return {};
}

uint64_t Transactions::next_offset() const { return delivered_ + 1; }

Result<void> Transactions::Write(const CommitBatch& batch) {
  if (failed_) return tl::unexpected<Error>(*failed_);
  auto written = Transact(*producers_[turn_], batch);
  if (!written) failed_ = written.error();
  turn_ = (turn_ + 1) % producers_.size();
  return written;
}

Result<void> Transactions::Transact(Producer& producer, const CommitBatch& batch) {
  if (auto begun = producer.Begin(); !begun) return begun;
  if (auto produced = Produce(producer, batch); !produced) return produced;
  return producer.Commit(core_.CommitTimeout());
}

Result<void> Transactions::ProduceEvents(Producer& producer, const CommitBatch& batch) {
  for (size_t i = 0; i < batch.records.size(); ++i) {
    const LogRecord* record = i < batch.unpacked.size() ? batch.unpacked[i].get() : nullptr;
    if (record) term_number_ = record->term;
    const Command* command = record && record->decision && record->decision->command
                                 ? &*record->decision->command
                                 : nullptr;
    const Headers headers =
        record ? EventHeaders(*record) : PlaceHeaders(batch.first_sequence + i, term_number_);
    const bool last = i + 1 == batch.records.size();
    auto produced =
        producer.Produce(core_.names.events, partition_,
                         command ? std::string_view(command->entity) : std::string_view(),
                         batch.records[i], headers, last ? 1 : 0, kRequestTimeout);
    if (!produced) return produced;
  }
  return {};
}

Result<void> Transactions::Produce(Producer& producer, const CommitBatch& batch) {
  if (auto produced = ProduceEvents(producer, batch); !produced) return produced;
  const std::vector<std::string_view> targets = FollowUpTargets(batch);
  for (size_t i = 0; i < batch.follow_ups.size(); ++i) {
    const FollowUpRecord& follow_up = batch.follow_ups[i];
    auto produced = producer.Produce(core_.names.internal, follow_up.target_partition,
                                     i < targets.size() ? targets[i] : std::string_view(),
                                     follow_up.payload, {}, 0, kRequestTimeout);
    if (!produced) return produced;
  }
  for (const DeadLetter& letter : batch.dead_letters) {
    Headers headers = {{"reason", letter.reason},
                       {"origin-input", std::string(ToString(letter.input))},
                       {"origin-offset", std::to_string(letter.offset)},
                       {"time", FormatTime(letter.time)}};
    if (letter.is_json) headers.emplace_back(kContentTypeHeader, "application/json");
    auto produced = producer.Produce(core_.names.dead_letters, partition_, "", letter.payload,
                                     headers, 0, kRequestTimeout);
    if (!produced) return produced;
  }
  return {};
}

}  // namespace sluice::kafka
