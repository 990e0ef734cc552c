// Queries that read the log: history, and objects as they were.
#include <algorithm>
#include <optional>

#include "events/codec.h"
#include "events/json.h"
#include "projections/decision_json.h"
#include "projections/fold.h"
#include "projections/page_token.h"
#include "projections/queries.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"

namespace sluice {
namespace {

constexpr size_t kHistoryChunk = 256;
constexpr size_t kHistoryPageMax = 10'000;

}  // namespace

Result<LogRecord> Queries::ReadRecord(uint32_t partition, uint64_t sequence) const {
  std::optional<Result<LogRecord>> record;
  auto read = options_.read_events(partition, sequence, [&](uint64_t at, std::string_view bytes) {
    if (at == sequence) record = Unpack<LogRecord>(bytes);
    return false;
  });
  if (!read) return tl::unexpected(read.error());
  if (!record) {
    return Err(ErrorCode::kCorruption, "{} is not in the log", FormatPosition(partition, sequence));
  }
  return std::move(*record);
}

Result<Time> Queries::TimeOf(const DecisionPosition& position) const {
  if (position.sequence >= options_.stores[position.partition]->NextSequence()) {
    return Err(ErrorCode::kNotFound, "{} is not decided yet",
               FormatPosition(position.partition, position.sequence));
  }
  auto record = ReadRecord(position.partition, position.sequence);
  if (!record) return tl::unexpected(record.error());
  return record->decision ? record->decision->time : record->opened->time;
}

Result<std::optional<ObjectText>> Queries::FoldObject(const EntityKey& key,
                                                      const StopAt& is_past) const {
  const std::string text = key.ToString();
  const uint32_t partition = PartitionOf(text);
  const auto view = options_.stores[partition]->View();
  LoadedEntity entity;
  entity.kind = options_.kinds->Find(key.kind);
  if (entity.kind == nullptr) return std::optional<ObjectText>();
  entity.state = entity.kind->make();
  uint64_t from = 0;
  for (bool more = true; more;) {
    auto sequences = view->History(text, from, kHistoryChunk);
    if (!sequences) return tl::unexpected(sequences.error());
    more = sequences->size() == kHistoryChunk;
    for (const uint64_t sequence : *sequences) {
      auto record = ReadRecord(partition, sequence);
      if (!record) return tl::unexpected(record.error());
      if (!record->decision || is_past(sequence, *record->decision)) {
        more = false;
        break;
      }
      from = sequence + 1;
      if (FoldedEntity(*record->decision) != text) continue;
      auto folded = FoldEntity(entity, *record->decision, sequence);
      if (!folded) return tl::unexpected(folded.error());
    }
  }
  if (!entity.state->Exists()) return std::optional<ObjectText>();
  return std::optional<ObjectText>(MakeObjectText(*entity.kind, text, *entity.state,
                                                  FormatPosition(partition, entity.sequence)));
}

Result<std::optional<ObjectText>> Queries::GetAt(const EntityKey& key,
                                                 const DecisionPosition& position) const {
  if (PartitionOf(key.ToString()) == position.partition) {
    return FoldObject(
        key, [&](uint64_t sequence, const Decision&) { return sequence > position.sequence; });
  }
  auto time = TimeOf(position);
  if (!time) return tl::unexpected(time.error());
  return GetAt(key, *time);
}

Result<std::optional<ObjectText>> Queries::GetAt(const EntityKey& key,
                                                 const Coverage& coverage) const {
  const uint64_t next = coverage.at(PartitionOf(key.ToString()));
  return FoldObject(key, [&](uint64_t sequence, const Decision&) { return sequence >= next; });
}

Result<std::optional<ObjectText>> Queries::GetAt(const EntityKey& key, Time time) const {
  return FoldObject(key, [&](uint64_t, const Decision& decision) { return decision.time > time; });
}

Result<JsonList> Queries::History(const EntityKey& key, size_t limit,
                                  std::string_view continue_token) {
  const std::string text = key.ToString();
  const uint32_t partition = PartitionOf(text);
  uint64_t from = 0;
  if (!continue_token.empty()) {
    auto token = ParsePageToken(continue_token, partitions());
    if (!token) return tl::unexpected(token.error());
    from = token->coverage[partition];
  }
  const size_t count = limit == 0 ? kHistoryPageMax : std::min(limit, kHistoryPageMax);
  const auto view = options_.stores[partition]->View();
  auto sequences = view->History(text, from, count + 1);
  if (!sequences) return tl::unexpected(sequences.error());
  JsonList list;
  list.coverage.assign(partitions(), 0);
  if (sequences->size() > count) {
    // Nothing before it changes: the page after it is found without a view kept.
    list.coverage[partition] = sequences->back();
    list.continue_token = FormatPageToken({list.coverage, partition, ""});
    sequences->pop_back();
  }
  for (const uint64_t sequence : *sequences) {
    auto record = ReadRecord(partition, sequence);
    if (!record) return tl::unexpected(record.error());
    if (record->decision) list.items.push_back(DecisionJson(*record));
  }
  return list;
}

Result<std::string> Queries::QuarantineJson(const StoreView& view, uint32_t partition,
                                            std::string_view entity) const {
  auto stored = view.Get(entity);
  if (!stored) return tl::unexpected(stored.error());
  const EntityMarks marks = *stored ? (*stored)->marks : EntityMarks{};
  // Set aside by the decision that says so; among the last ones as a rule, for little is decided
  // afterwards.
  Time since;
  uint64_t from = 0;
  for (bool more = true; more;) {
    auto sequences = view.History(entity, from, kHistoryChunk);
    if (!sequences) return tl::unexpected(sequences.error());
    more = sequences->size() == kHistoryChunk;
    for (const uint64_t sequence : *sequences) {
      from = sequence + 1;
      auto record = ReadRecord(partition, sequence);
      if (!record) return tl::unexpected(record.error());
      if (!record->decision) continue;
      for (const Event& event : record->decision->events) {
        if (event.payload.As<EntityQuarantined>() != nullptr) since = record->decision->time;
      }
    }
  }
  return fmt::format(R"({{"entity":{},"since":{},"reason":{},"parked":{}}})", QuoteJson(entity),
                     QuoteJson(since.IsSet() ? FormatTime(since) : ""),
                     QuoteJson(marks.quarantined), marks.parked.size());
}

}  // namespace sluice
