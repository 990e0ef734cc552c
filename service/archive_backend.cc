#include "service/archive_backend.h"

#include <algorithm>
#include <tuple>

#include "projections/decision_json.h"
#include "projections/page_token.h"
#include "replay/question.h"
#include "replay/timeline.h"
#include "service/node_answers.h"
#include "service/node_resolve.h"
#include "service/node_watch.h"

namespace sluice::service {

ArchiveBackend::ArchiveBackend(const replay::Archive& archive, const Clock& clock,
                               std::string build, std::string elsewhere,
                               std::function<void(const std::string&)> on_left_out)
    : archive_(archive),
      clock_(clock),
      build_(std::move(build)),
      elsewhere_(std::move(elsewhere)),
      on_left_out_(std::move(on_left_out)),
      kinds_(KindsOf(archive.kinds())) {}

Answer<ArchiveBackend::Point> ArchiveBackend::PointAt(const std::string& exact) const {
  auto coverage = archive_.PointAt(exact, clock_.Now());
  if (!coverage) return Fail(FromNodeError(coverage.error()));
  Point point{.coverage = std::move(*coverage), .time = {}};
  if (exact.empty()) return point;
  if (const auto time = ParseTime(exact)) {
    point.time = *time;
    return point;
  }
  // The last decision's, of a part that has it.
  for (uint32_t partition = 0; partition < archive_.partitions(); ++partition) {
    if (point.coverage[partition] == 0) continue;
    const auto time = archive_.TimeOf({partition, point.coverage[partition] - 1});
    if (time) point.time = std::max(point.time, *time);
  }
  return point;
}

Answer<std::optional<ObjectView>> ArchiveBackend::Read(const std::string& entity,
                                                       const Point& point) const {
  const auto then = replay::EntityAt(archive_, entity, point.coverage);
  if (!then) return Fail(FromNodeError(then.error()));
  if (!then->Exists()) return std::nullopt;
  ObjectView view =
      ToView(MakeObjectText(*then->kind, entity, *then->state,
                            FormatPosition(archive_.PartitionOf(entity), then->changed_at)));
  view.as_of = point.time;
  return view;
}

Answer<ObjectView> ArchiveBackend::Get(const EntityKey& key, const ReadAt& at) {
  const auto point = PointAt(at.exact);
  if (!point) return Fail(point.error());
  auto view = Read(key.ToString(), *point);
  if (!view) return Fail(view.error());
  if (!*view) return Fail(ApiError::NotFound(key.ToString() + " does not exist"));
  return std::move(**view);
}

Answer<std::vector<std::string>> ArchiveBackend::EntitiesOf(
    const std::string& kind, const std::optional<std::string>& namespace_) const {
  std::vector<EntityKey> keys;
  auto scanned = archive_.ScanEntities(
      kind, namespace_ ? std::optional<std::string_view>(*namespace_) : std::nullopt,
      [&](std::string_view entity) {
        if (auto key = ParseEntityKey(entity)) keys.push_back(std::move(*key));
      });
  if (!scanned) return Fail(FromNodeError(scanned.error()));
  std::sort(keys.begin(), keys.end(), [](const EntityKey& a, const EntityKey& b) {
    return std::tie(a.namespace_, a.name) < std::tie(b.namespace_, b.name);
  });
  std::vector<std::string> entities;
  for (const EntityKey& key : keys) entities.push_back(key.ToString());
  return entities;
}

Answer<ObjectPage> ArchiveBackend::List(const ListQuery& query) {
  Point point;
  std::string after;
  if (query.continue_token.empty()) {
    auto asked = PointAt(query.at.exact);
    if (!asked) return Fail(asked.error());
    point = std::move(*asked);
  } else {
    auto token = ParsePageToken(query.continue_token, archive_.partitions());
    if (!token) return Fail(FromNodeError(token.error()));
    point = {.coverage = std::move(token->coverage), .time = token->time};
    after = std::move(token->last);
  }
  const auto entities = EntitiesOf(query.kind, query.namespace_);
  if (!entities) return Fail(entities.error());
  auto next = entities->begin();
  if (!after.empty()) {
    next = std::find(entities->begin(), entities->end(), after);
    if (next != entities->end()) ++next;
  }
  ObjectPage page;
  page.resource_version = FormatCoverage(point.coverage);
  page.as_of = point.time;
  for (; next != entities->end(); ++next) {
    auto view = Read(*next, point);
    if (!view && view.error().code == 400 && !archive_.extent().HasAll()) {
      on_left_out_(view.error().message);
      continue;
    }
    if (!view) return Fail(view.error());
    if (!*view || !query.filter.Matches((*view)->json)) continue;
    if (query.limit > 0 && page.items.size() == query.limit) {
      page.continue_token = FormatPageToken({.coverage = point.coverage,
                                             .last = page.items.back().key.ToString(),
                                             .past = true,
                                             .time = point.time});
      break;
    }
    page.items.push_back(std::move(**view));
  }
  return page;
}

Answer<std::string> ArchiveBackend::ResolveIn(const ResolveQuery& query, const Point& point) const {
  const auto read = [&](const EntityKey& key) -> Answer<std::optional<std::string>> {
    auto view = Read(key.ToString(), point);
    if (!view) return Fail(view.error());
    if (!*view) return std::nullopt;
    return std::move((*view)->json);
  };
  const auto find = [&](const ResolveQuery& asked) -> Answer<std::string> {
    const auto bindings = EntitiesOf(
        "binding", asked.namespace_.empty() ? std::nullopt : std::optional(asked.namespace_));
    if (!bindings) return Fail(bindings.error());
    for (const std::string& entity : *bindings) {
      auto view = Read(entity, point);
      if (!view) return Fail(view.error());
      if (*view && HoldsKey((*view)->json, asked.key)) return entity;
    }
    return Fail(ApiError::NotFound("no binding holds the key '" + asked.key + "'"));
  };
  return ResolveBinding({.find = find, .read = read}, query);
}

Answer<std::string> ArchiveBackend::Resolve(const ResolveQuery& query) {
  return ResolveAt(query, {});
}

Answer<std::string> ArchiveBackend::ResolveAt(const ResolveQuery& query, const ReadAt& at) {
  const auto point = PointAt(at.exact);
  if (!point) return Fail(point.error());
  return ResolveIn(query, *point);
}

Answer<JsonPage> ArchiveBackend::History(const EntityKey& key, const PageQuery& query) {
  const std::string entity = key.ToString();
  const uint32_t partition = archive_.PartitionOf(entity);
  uint64_t from = 0;
  if (!query.continue_token.empty()) {
    const auto token = ParsePageToken(query.continue_token, archive_.partitions());
    if (!token) return Fail(FromNodeError(token.error()));
    from = token->coverage[partition];
  }
  JsonPage page;
  auto visited = replay::VisitDecisions(archive_, entity, from, [&](const LogRecord& record) {
    if (query.limit > 0 && page.items.size() == query.limit) {
      Coverage next(archive_.partitions());
      next[partition] = record.sequence;
      page.continue_token = FormatPageToken({.coverage = std::move(next), .last = ""});
      return false;
    }
    page.items.push_back(DecisionJson(record));
    return true;
  });
  if (!visited) return Fail(FromNodeError(visited.error()));
  return page;
}

// All on one page: whoever looks at a log has no more of them than fit.
Answer<JsonPage> ArchiveBackend::Actions(const ActionQuery& query) {
  const std::optional<std::string> location = LocationOf(query);
  const Point now{.coverage = archive_.Now(), .time = {}};
  JsonPage page;
  page.resource_version = FormatCoverage(now.coverage);
  for (const ::sluice::KindInfo* kind : archive_.kinds().kinds()) {
    if (kind->pending == nullptr) continue;
    const auto entities = EntitiesOf(kind->name, std::nullopt);
    if (!entities) return Fail(entities.error());
    for (const std::string& entity : *entities) {
      const auto then = replay::EntityAt(archive_, entity, now.coverage);
      if (!then) return Fail(FromNodeError(then.error()));
      if (!then->Exists()) continue;
      for (const PendingAction& action : kind->pending(*then->state)) {
        if (!IsAtLocation(location, action.location)) continue;
        page.items.push_back(ActionJson(entity, action));
      }
    }
  }
  return page;
}

bool ArchiveBackend::Debugs(const std::string& verb) const { return replay::IsQuestion(verb); }

void ArchiveBackend::Debug(const DebugQuery& query,
                           const std::function<bool(std::string line)>& emit,
                           std::stop_token stop) {
  replay::Ask(archive_, {.verb = query.verb, .parameters = query.parameters},
              {.build = build_, .now = clock_.Now(), .stop = std::move(stop)}, emit);
}

// All there will be is there.
std::unique_ptr<Registration> ArchiveBackend::WhenReached(const std::string& resource_version,
                                                          std::function<void(Answer<void>)> done) {
  const auto point = PointAt(resource_version);
  done(point ? Answer<void>() : tl::unexpected(point.error()));
  return nullptr;
}

tl::unexpected<ApiError> ArchiveBackend::NotHere() const {
  return Fail(ApiError::BadRequest(elsewhere_));
}

Answer<std::unique_ptr<Subscription>> ArchiveBackend::Watch(const WatchQuery&,
                                                            std::function<void()>) {
  return NotHere();
}
void ArchiveBackend::Submit(std::string, const std::string&, CommandCallback done) {
  done(NotHere());
}
Answer<std::unique_ptr<Subscription>> ArchiveBackend::WatchActions(const ActionQuery&,
                                                                   std::function<void()>) {
  return NotHere();
}
Answer<std::vector<std::string>> ArchiveBackend::FindByIndex(const std::string&, const std::string&,
                                                             const std::string&) {
  return NotHere();
}
Answer<JsonPage> ArchiveBackend::Quarantined(const PageQuery&) { return NotHere(); }
void ArchiveBackend::Release(const EntityKey&, bool, CommandCallback done) { done(NotHere()); }
Answer<JsonPage> ArchiveBackend::DeadLetters(const PageQuery&) { return NotHere(); }
void ArchiveBackend::RetryDeadLetter(const std::string&, CommandCallback done) { done(NotHere()); }
Answer<std::unique_ptr<LogReader>> ArchiveBackend::Logs(const LogQuery&) { return NotHere(); }

}  // namespace sluice::service
