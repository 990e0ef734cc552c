// Queries that read the log: history, and objects as they were.
#include <algorithm>
#include <optional>

#include "events/codec.h"
#include "events/json.h"
#include "projections/decision_json.h"
#include "projections/fold.h"
#include "projections/page_token.h"
#include "projections/past_page.h"
#include "projections/queries.h"

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

Result<uint64_t> Queries::NextAfter(uint32_t partition, Time time) const {
  // Decision times do not go back within a partition.
  uint64_t low = 0;
  uint64_t high = options_.stores[partition]->NextSequence();
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    auto at = TimeOf({partition, middle});
    if (!at) return tl::unexpected(at.error());
    if (*at > time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Result<Coverage> Queries::CoverageAt(Time time) const {
  Coverage coverage;
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    auto next = NextAfter(partition, time);
    if (!next) return tl::unexpected(next.error());
    coverage.push_back(*next);
  }
  return coverage;
}

Result<Coverage> Queries::CoverageAt(const DecisionPosition& position) const {
  auto time = TimeOf(position);
  if (!time) return tl::unexpected(time.error());
  auto coverage = CoverageAt(*time);
  if (coverage) coverage->at(position.partition) = position.sequence + 1;
  return coverage;
}

Result<void> Queries::CheckReached(const Coverage& coverage) const {
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    if (coverage.at(partition) > options_.stores[partition]->NextSequence()) {
      return Err(ErrorCode::kNotFound, "{} is not decided yet",
                 FormatPosition(partition, coverage[partition] - 1));
    }
  }
  return {};
}

Result<LoadedEntity> Queries::LoadPast(uint32_t partition, const EntityKey& key, uint64_t next,
                                       uint64_t* from) const {
  if (options_.past != nullptr) {
    if (const auto store = options_.past->Before(partition, next)) {
      *from = store->applied().next_sequence;
      return store->Load(key);
    }
  }
  *from = 0;
  LoadedEntity entity;
  entity.kind = options_.kinds->Find(key.kind);
  if (entity.kind == nullptr) return Err(ErrorCode::kInvalid, "there is no kind '{}'", key.kind);
  entity.state = entity.kind->make();
  return entity;
}

Result<void> FoldPast(LoadedEntity& entity, const Decision& decision, uint64_t sequence) {
  try {
    return FoldEntity(entity, decision, sequence);
  } catch (const LoadFailure& failure) {
    return Err(ErrorCode::kIo, "{}", failure.what());
  }
}

Result<std::optional<ObjectText>> Queries::FoldObject(const StoreView& view, uint32_t partition,
                                                      const EntityKey& key, uint64_t next) const {
  const std::string text = key.ToString();
  if (options_.kinds->Find(key.kind) == nullptr) return std::optional<ObjectText>();
  uint64_t from = 0;
  auto loaded = LoadPast(partition, key, next, &from);
  if (!loaded) return tl::unexpected(loaded.error());
  LoadedEntity& entity = *loaded;
  for (bool more = true; more;) {
    auto sequences = view.History(text, from, kHistoryChunk);
    if (!sequences) return tl::unexpected(sequences.error());
    more = sequences->size() == kHistoryChunk;
    for (const uint64_t sequence : *sequences) {
      if (sequence >= next) {
        more = false;
        break;
      }
      from = sequence + 1;
      auto record = ReadRecord(partition, sequence);
      if (!record) return tl::unexpected(record.error());
      if (!record->decision || FoldedEntity(*record->decision) != text) continue;
      auto folded = FoldPast(entity, *record->decision, sequence);
      if (!folded) return tl::unexpected(folded.error());
    }
  }
  if (!entity.state->Exists()) return std::optional<ObjectText>();
  return std::optional<ObjectText>(MakeObjectText(*entity.kind, text, *entity.state,
                                                  FormatPosition(partition, entity.sequence)));
}

Result<std::optional<ObjectText>> Queries::ReadPastObject(const StoreView& view, uint32_t partition,
                                                          std::string_view entity,
                                                          uint64_t next) const {
  auto record = view.Get(entity);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return std::optional<ObjectText>();
  // Not changed since: what is true now was true then.
  if ((*record)->sequence < next) return ReadObject(view, partition, entity);
  auto key = ParseEntityKey(entity);
  if (!key) return tl::unexpected(key.error());
  return FoldObject(view, partition, *key, next);
}

Result<std::optional<ObjectText>> Queries::GetAt(const EntityKey& key,
                                                 const Coverage& coverage) const {
  if (auto reached = CheckReached(coverage); !reached) return tl::unexpected(reached.error());
  const std::string entity = key.ToString();
  const uint32_t partition = PartitionOf(entity);
  return ReadPastObject(*options_.stores[partition]->View(), partition, entity,
                        coverage[partition]);
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
    list.continue_token =
        FormatPageToken({.coverage = list.coverage, .partition = partition, .last = ""});
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
