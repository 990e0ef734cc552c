// Queries that read the log: history, and objects as they were.
#include <algorithm>
#include <optional>

#include "events/codec.h"
#include "events/json.h"
#include "projections/decision_json.h"
#include "projections/fold.h"
#include "projections/page_token.h"
#include "projections/past_fold.h"
#include "projections/past_page.h"
#include "projections/queries.h"

namespace sluice {
namespace {

constexpr size_t kHistoryChunk = 256;
constexpr size_t kHistoryPageMax = 10'000;

// For ReadRecords: each of them unpacked.
template <class Visit>  // (LogRecord)
auto EachRecord(Visit visit) {
  return [visit](uint64_t, std::string_view bytes) -> Result<void> {
    auto record = Unpack<LogRecord>(bytes);
    if (!record) return tl::unexpected(record.error());
    visit(std::move(*record));
    return {};
  };
}

}  // namespace

Result<void> Queries::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                  const RecordReader& visit) const {
  size_t next = 0;
  Result<void> visited;
  auto read = options_.read_records(partition, sequences, [&](uint64_t at, std::string_view bytes) {
    if (at != sequences[next]) return false;
    ++next;
    visited = visit(at, bytes);
    return visited.has_value();
  });
  if (!read) return read;
  if (!visited || next == sequences.size()) return visited;
  return Err(ErrorCode::kCorruption, "{} is not in the log",
             FormatPosition(partition, sequences[next]));
}

Result<LogRecord> Queries::ReadRecord(uint32_t partition, uint64_t sequence) const {
  LogRecord found;
  auto read = ReadRecords(partition, {&sequence, 1},
                          EachRecord([&](LogRecord record) { found = std::move(record); }));
  if (!read) return tl::unexpected(read.error());
  return found;
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

Result<Time> Queries::TimeAt(const Coverage& coverage) const {
  Time last;
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    if (coverage.at(partition) == 0) continue;
    auto time = TimeOf({partition, coverage[partition] - 1});
    if (!time) return time;
    last = std::max(last, *time);
  }
  return last;
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

Result<PastStart> Queries::StartOfPast(uint32_t partition, const EntityKey& key,
                                       uint64_t next) const {
  PastStart start;
  if (options_.past != nullptr) {
    if (const auto store = options_.past->Before(partition, next)) {
      auto loaded = store->Load(key);
      if (!loaded) return tl::unexpected(loaded.error());
      start.entity = std::move(*loaded);
      start.next = store->applied().next_sequence;
      return start;
    }
  }
  start.entity.kind = options_.kinds->Find(key.kind);
  if (start.entity.kind == nullptr) {
    return Err(ErrorCode::kInvalid, "there is no kind '{}'", key.kind);
  }
  start.entity.state = start.entity.kind->make();
  return start;
}

Result<Queries::PastWay> Queries::WayTo(const std::shared_ptr<const StoreView>& view,
                                        uint32_t partition, const EntityKey& key,
                                        uint64_t next) const {
  const std::string entity = key.ToString();
  auto start = StartOfPast(partition, key, next);
  if (!start) return tl::unexpected(start.error());
  PastWay way{std::move(*start), {}};
  const auto read = [&](size_t limit) -> Result<void> {
    auto sequences = view->FoldedHistory(entity, way.start.next, limit);
    if (!sequences) return tl::unexpected(sequences.error());
    way.sequences = std::move(*sequences);
    const auto end = std::lower_bound(way.sequences.begin(), way.sequences.end(), next);
    way.sequences.erase(end, way.sequences.end());
    return {};
  };
  if (auto done = read(kWaypointEvery + 1); !done) return tl::unexpected(done.error());
  if (way.sequences.size() <= kWaypointEvery) return way;
  // There may be a waypoint further on.
  auto waypoint = WaypointBefore(view, *way.start.entity.kind, entity, next);
  if (!waypoint) return tl::unexpected(waypoint.error());
  if (*waypoint && (*waypoint)->next > way.start.next) way.start = std::move(**waypoint);
  if (auto done = read(SIZE_MAX); !done) return tl::unexpected(done.error());
  return way;
}

Result<std::optional<ObjectText>> Queries::FoldObject(const std::shared_ptr<const StoreView>& view,
                                                      uint32_t partition, const EntityKey& key,
                                                      uint64_t next) const {
  if (options_.kinds->Find(key.kind) == nullptr) return std::optional<ObjectText>();
  const std::string text = key.ToString();
  auto way = WayTo(view, partition, key, next);
  if (!way) return tl::unexpected(way.error());
  LoadedEntity& entity = way->start.entity;
  FoldedRecord record;
  PastFold fold(entity, text, record);
  auto read = ReadRecords(
      partition, way->sequences,
      [&](uint64_t sequence, std::string_view bytes) { return fold.Add(sequence, bytes); });
  if (!read) return tl::unexpected(read.error());
  if (auto checked = fold.Check(); !checked) return tl::unexpected(checked.error());
  if (!entity.state->Exists()) return std::optional<ObjectText>();
  return std::optional<ObjectText>(MakeObjectText(*entity.kind, text, *entity.state,
                                                  FormatPosition(partition, entity.sequence)));
}

Result<std::optional<ObjectText>> Queries::GetAt(const EntityKey& key,
                                                 const Coverage& coverage) const {
  if (auto reached = CheckReached(coverage); !reached) return tl::unexpected(reached.error());
  const std::string entity = key.ToString();
  const uint32_t partition = PartitionOf(entity);
  const uint64_t next = coverage[partition];
  const auto view = options_.stores[partition]->View();
  auto record = view->Get(entity);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return std::optional<ObjectText>();
  // Not changed since: what is true now was true then.
  if ((*record)->sequence < next) return ReadObject(*view, partition, entity);
  return FoldObject(view, partition, key, next);
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
  auto read = ReadRecords(partition, *sequences, EachRecord([&](const LogRecord& record) {
                            if (record.decision) list.items.push_back(DecisionJson(record));
                          }));
  if (!read) return tl::unexpected(read.error());
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
    if (!sequences->empty()) from = sequences->back() + 1;
    auto read = ReadRecords(partition, *sequences, EachRecord([&](const LogRecord& record) {
                              if (!record.decision) return;
                              for (const Event& event : record.decision->events) {
                                if (event.payload.As<EntityQuarantined>() == nullptr) continue;
                                since = record.decision->time;
                              }
                            }));
    if (!read) return tl::unexpected(read.error());
  }
  return fmt::format(R"({{"entity":{},"since":{},"reason":{},"parked":{}}})", QuoteJson(entity),
                     QuoteJson(since.IsSet() ? FormatTime(since) : ""),
                     QuoteJson(marks.quarantined), marks.parked.size());
}

}  // namespace sluice
