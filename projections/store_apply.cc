// How a batch gets into a PartitionStore.
#include <rocksdb/db.h>

#include <algorithm>

#include "events/codec.h"
#include "projections/change_feed.h"
#include "projections/partition_store.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"
#include "projections/store_values.h"

namespace sluice {
namespace {

using store::Mention;

void WriteMentions(const ProjectedEntity& entity, WriteSink& sink,
                   std::map<Counts::Key, int64_t>* counts) {
  const auto write = [&](std::string_view mention, bool begins) {
    const Mention kind = store::KindOf(mention);
    if (kind == Mention::kPhase) {
      (*counts)[{entity.kind, static_cast<uint8_t>(mention[1])}] += begins ? 1 : -1;
      return;
    }
    const StoreFamily family =
        kind == Mention::kTimer ? StoreFamily::kTimers : StoreFamily::kIndexes;
    thread_local std::string lead;
    thread_local std::string rest;
    store::MentionRow(mention, entity.prefix, &lead, &rest);
    sink.Mark(family, lead, rest, begins);
  };
  // Both are sorted: one pass finds what ended and what began.
  std::string_view all_before = entity.mentions_before;
  std::string_view all_after = entity.mentions_after;
  auto before = store::TakeMention(&all_before);
  auto after = store::TakeMention(&all_after);
  while (before || after) {
    const bool ended = before && (!after || *before < *after);
    const bool began = after && (!before || *after < *before);
    if (ended) write(*before, false);
    if (began) write(*after, true);
    if (!began) before = store::TakeMention(&all_before);
    if (!ended) after = store::TakeMention(&all_after);
  }
}

void WritePast(const ProjectedEntity& entity, WriteSink& sink) {
  struct Row {
    const ItemKey* item;
    uint64_t number;
    const std::optional<Bytes>* value;
  };
  std::vector<Row> rows;
  for (const PastPart& part : entity.past) {
    const Items::Changes& changes = entity.past.size() == 1 ? entity.items : part.changes;
    for (const auto& [item, value] : changes) rows.push_back({&item, part.number, &value});
  }
  if (entity.past.size() > 1) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return std::tie(*a.item, a.number) < std::tie(*b.item, b.number);
    });
  }
  for (const Row& row : rows) {
    sink.Put(StoreFamily::kPast,
             store::PastItemRow(entity.prefix, row.item->collection, row.item->key, row.number),
             row.value->has_value() ? std::string_view(**row.value) : std::string_view());
  }
  for (const PastPart& part : entity.past) {
    if (part.waypoint.empty()) continue;
    sink.Put(StoreFamily::kPast, store::WaypointRow(entity.prefix, part.sequence), part.waypoint);
  }
}

std::string CountValue(uint64_t count) {
  std::string value;
  store::AppendBigEndian64(&value, count);
  return value;
}

}  // namespace

void WriteProjectedEntity(const ProjectedEntity& entity, WriteSink& sink,
                          std::map<Counts::Key, int64_t>* counts) {
  CHECK(!entity.NeedsTouch());
  const auto put_history = [&](const std::string& rows, const std::vector<uint64_t>& sequences) {
    if (sequences.empty()) return;
    sink.Put(StoreFamily::kHistory, store::HistoryRow(rows, sequences.front()),
             store::EncodeHistory(sequences));
  };
  put_history(entity.prefix, entity.history);
  put_history(store::OtherHistoryRows(entity.prefix), entity.other_history);
  if (!entity.changed) return;
  sink.Put(StoreFamily::kEntities, entity.prefix, entity.record);
  for (const auto& [item, value] : entity.items) {
    const std::string row = store::ItemRow(entity.prefix, item.collection, item.key);
    if (value) {
      sink.Put(StoreFamily::kItems, row, *value);
    } else {
      sink.Delete(StoreFamily::kItems, row);
    }
  }
  WritePast(entity, sink);
  WriteMentions(entity, sink, counts);
}

Result<StoredForm*> PartitionStore::StoredOf(
    const std::string& key, const LoadedEntity& entity,
    std::map<std::string, std::shared_ptr<StoredForm>>* read) {
  if (entity.stored) return entity.stored.get();
  auto& stored = (*read)[key];
  if (stored) return stored.get();
  auto loaded = Load(KeyOrDie(key));
  if (!loaded) return tl::unexpected(loaded.error());
  stored = std::move(loaded->stored);
  return stored.get();
}

Result<void> PartitionStore::Project(const AppliedBatch& batch, BatchProjection* projection) {
  std::map<std::string, std::shared_ptr<StoredForm>> read;
  for (const AppliedRecord& applied : batch.records) {
    const LogRecord& record = *applied.record;
    if (!record.decision) continue;
    projection->AddDecision(record.sequence, *record.decision, applied.fingerprint);
    if (options_.feed == nullptr || !record.decision->command) continue;
    const auto touched = batch.touched.find(record.decision->command->entity);
    if (touched == batch.touched.end()) continue;
    const LoadedEntity& entity = touched->second.entity;
    const EntityState* after = applied.after.get();
    if (after == nullptr && entity.sequence == record.sequence) after = entity.state.get();
    if (after == nullptr) continue;
    auto stored = StoredOf(touched->first, entity, &read);
    if (!stored) return tl::unexpected(stored.error());
    if (after->version == (*stored)->version) continue;
    projection->AddChange(record.sequence, *record.decision, *entity.kind, *after, **stored);
  }
  for (const auto& [key, touched] : batch.touched) {
    auto stored = StoredOf(key, touched.entity, &read);
    if (!stored) return tl::unexpected(stored.error());
    projection->Touch(key, touched.entity, **stored, touched.items);
  }
  return {};
}

Result<void> PartitionStore::Apply(const AppliedBatch& batch) {
  if (broken_) return Err(ErrorCode::kIo, "an earlier write of projections failed");
  BatchProjection projection;
  auto done = Project(batch, &projection);
  if (done) done = ApplyProjection(projection, batch.after);
  if (!done) broken_ = true;
  return done;
}

Result<void> PartitionStore::WriteCommands(const ProjectedEntity& entity, WriteSink& sink) {
  std::map<Hash128, RememberedCommand> rows;
  for (const auto& [id, command] : entity.commands) rows[id] = command;
  for (const auto& [id, sequence] : entity.answered) {
    if (const auto row = rows.find(id); row != rows.end()) {
      row->second.answered_by = sequence;
      continue;
    }
    auto command = FindCommandRow(entity.prefix, id);
    if (!command) return tl::unexpected(command.error());
    if (!*command) continue;  // forgotten meanwhile
    (*command)->answered_by = sequence;
    rows.emplace(id, std::move(**command));
  }
  thread_local std::string value;
  for (const auto& [id, command] : rows) {
    store::EncodeCommand(command, &value);
    sink.Put(StoreFamily::kCommands, store::CommandRow(entity.prefix, id), value);
  }
  return {};
}

Result<void> PartitionStore::WriteEntities(const EntitySource& next, WriteSink& sink) {
  std::map<Counts::Key, int64_t> counts;
  while (true) {
    auto entity = next();
    if (!entity) return tl::unexpected(entity.error());
    if (*entity == nullptr) break;
    WriteProjectedEntity(**entity, sink, &counts);
    if (auto written = WriteCommands(**entity, sink); !written) return written;
  }
  for (const auto& [key, count] : counts_.Add(counts)) {
    sink.Put(StoreFamily::kCounts, store::CountRow(key.first, key.second), CountValue(count));
  }
  return {};
}

Result<size_t> PartitionStore::WriteBatch(const EntitySource& next, const PartitionState& after,
                                          bool sorted_files) {
  CHECK(after.next_sequence >= applied_.next_sequence);
  const Time now = after.decision_time;
  db_->forget_before->store((now - IdempotencyWindow(after.settings)).us,
                            std::memory_order_relaxed);
  // Files taken in are on disk at once: what is in memory, or on its way from there, must not be
  // behind them.
  if (sorted_files) {
    auto flushed = FlushStoreDb(*db_, /*wait=*/true);
    if (!flushed) return tl::unexpected(flushed.error());
  }
  const auto sink = sorted_files ? MakeFileSink(*db_) : MakeBatchSink(*db_);
  if (auto written = WriteEntities(next, *sink); !written) {
    return tl::unexpected(written.error());
  }
  sink->Put(StoreFamily::kMeta, kStateKey, Pack(after));
  sink->Put(StoreFamily::kMeta, kNextSequenceKey, CountValue(after.next_sequence));
  const auto committed = sink->Commit();
  if (!committed) {
    broken_ = true;
    return committed;
  }
  applied_ = after;
  next_sequence_.store(after.next_sequence, std::memory_order_release);
  return committed;
}

Result<void> PartitionStore::ApplyProjection(BatchProjection& projection,
                                             const PartitionState& after) {
  const auto ordered = projection.Ordered();
  size_t at = 0;
  const auto next = [&]() -> Result<const ProjectedEntity*> {
    return at < ordered.size() ? ordered[at++] : nullptr;
  };
  const auto bytes = WriteBatch(next, after, /*sorted_files=*/false);
  if (!bytes) return tl::unexpected(bytes.error());
  if (options_.feed != nullptr) {
    options_.feed->Publish(options_.partition, projection.TakeChanges(), after.next_sequence);
  }
  return FlushIfDue(projection.decisions(), *bytes);
}

Result<void> PartitionStore::ApplyReplayed(const EntitySource& next, const PartitionState& after,
                                           const ReplayedSize& size) {
  const auto bytes = WriteBatch(next, after, size.sorted_files);
  if (!bytes) return tl::unexpected(bytes.error());
  if (options_.feed != nullptr) options_.feed->Skip(options_.partition, after.next_sequence);
  if (size.sorted_files) return {};
  return FlushIfDue(size.decisions, *bytes);
}

}  // namespace sluice
