// diff: what differs between two points, field by field, and which decision made it so.
#include <algorithm>
#include <map>
#include <set>

#include "replay/causes.h"

namespace sluice::replay {
namespace {

struct Points {
  Coverage from;
  Coverage to;
};

// The fields of an object as users see them; the engine's own beside them are left out.
bool IsShown(const std::string& path) { return !path.starts_with("relations"); }

// Where the values of these paths were set last between the two points.
class Setters {
 public:
  void See(const Moment& moment) {
    for (const FieldDiff& diff : moment.Changes()) last_[diff.path] = moment.record;
  }
  // A whole table may be set by a decision on a path below or above it.
  const LogRecord* Find(const std::string& path) const {
    const auto exact = last_.find(path);
    if (exact != last_.end()) return &exact->second;
    const LogRecord* found = nullptr;
    for (const auto& [other, record] : last_) {
      if (!other.starts_with(path) && !path.starts_with(other)) continue;
      if (found == nullptr || record.sequence > found->sequence) found = &record;
    }
    return found;
  }

 private:
  std::map<std::string, LogRecord> last_;
};

// nullopt: nothing differs.
Result<std::optional<Json>> DiffEntity(const Archive& archive, const std::string& entity,
                                       const Points& points) {
  const uint32_t partition = archive.PartitionOf(entity);
  uint64_t first = points.from[partition];
  uint64_t last = points.to[partition];
  auto touched = archive.Sequences(entity, std::min(first, last), 1);
  if (!touched) return tl::unexpected(touched.error());
  if (touched->empty() || touched->front() >= std::max(first, last)) {
    return std::optional<Json>();
  }
  auto before = EntityAt(archive, entity, points.from);
  if (!before) return tl::unexpected(before.error());
  Setters setters;
  std::optional<LogRecord> existence;
  Timeline between(archive, entity);
  if (auto skipped = between.Skip(std::min(first, last)); !skipped) {
    return tl::unexpected(skipped.error());
  }
  auto walked = between.Walk(std::max(first, last), [&](const Moment& moment) {
    setters.See(moment);
    if (moment.before.Exists() != moment.after.Exists()) existence = moment.record;
    return true;
  });
  if (!walked) return tl::unexpected(walked.error());
  auto after = EntityAt(archive, entity, points.to);
  if (!after) return tl::unexpected(after.error());

  Json json{{"entity", entity}};
  Json fields = Json::array();
  const auto add = [&](const FieldDiff& diff, const LogRecord* by) {
    Json field{{"path", diff.path},
               {"before", ParsedJson(diff.before)},
               {"after", ParsedJson(diff.after)}};
    if (by != nullptr) field["by"] = DecisionInShort(*by);
    fields.push_back(std::move(field));
  };
  if (before->Exists() != after->Exists()) {
    json["change"] = after->Exists() ? "created" : "deleted";
    add({"", WholeObject(*before), WholeObject(*after)}, existence ? &*existence : nullptr);
  } else if (before->Exists()) {
    json["change"] = before->state->metadata_part().uid == after->state->metadata_part().uid
                         ? "changed"
                         : "replaced";
    for (const FieldDiff& diff :
         Diff(after->state->root_type(), before->state->root(), after->state->root())) {
      if (IsShown(diff.path)) add(diff, setters.Find(diff.path));
    }
  }
  if (fields.empty()) return std::optional<Json>();
  json["fields"] = std::move(fields);
  return std::optional(std::move(json));
}

Result<std::vector<std::string>> Selected(const Asking& asking) {
  if (asking.question.Has("entity")) {
    auto entity = EntityParameter(asking, "entity");
    if (!entity) return tl::unexpected(entity.error());
    if (auto was = CheckEverWas(asking.archive, *entity); !was) return tl::unexpected(was.error());
    return std::vector<std::string>{*entity};
  }
  const std::string kind_name = asking.question.Get("kind");
  const std::string namespace_ = asking.question.Get("namespace");
  std::set<std::string> entities;
  bool known = kind_name.empty();
  for (const KindInfo* kind : asking.archive.kinds().kinds()) {
    if (!kind_name.empty() && kind->name != kind_name) continue;
    known = true;
    auto scanned = asking.archive.ScanEntities(
        kind->name, namespace_.empty() ? std::nullopt : std::optional<std::string_view>(namespace_),
        [&](std::string_view entity) { entities.emplace(entity); });
    if (!scanned) return tl::unexpected(scanned.error());
  }
  if (!known) return Err(ErrorCode::kInvalid, "there is no kind '{}'", kind_name);
  return std::vector<std::string>(entities.begin(), entities.end());
}

}  // namespace

Result<Json> AnswerDiff(const Asking& asking) {
  Points points;
  const std::string from = asking.question.Get("from");
  if (from.empty()) return Err(ErrorCode::kInvalid, "from: say since when");
  for (auto [text, point] :
       {std::pair{from, &points.from}, std::pair{asking.question.Get("to"), &points.to}}) {
    auto at = asking.archive.PointAt(text, asking.options.now);
    if (!at) return tl::unexpected(at.error());
    *point = std::move(*at);
  }
  auto entities = Selected(asking);
  if (!entities) return tl::unexpected(entities.error());
  const bool one = asking.question.Has("entity");
  uint64_t differ = 0;
  uint64_t done = 0;
  Json not_known = Json::array();  // what a part of a log has no beginning of
  for (const std::string& entity : *entities) {
    if (++done % 256 == 0 && !asking.Progress(done, entities->size())) break;
    if (asking.options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    auto difference = DiffEntity(asking.archive, entity, points);
    if (!difference && !one && difference.error().code == ErrorCode::kInvalid) {
      not_known.push_back(difference.error().message);
      continue;
    }
    if (!difference) return tl::unexpected(difference.error());
    if (!*difference) continue;
    ++differ;
    if (!asking.Item(**difference)) break;
  }
  Json result{{"from", FormatCoverage(points.from)},
              {"to", FormatCoverage(points.to)},
              {"entities", entities->size()},
              {"differ", differ}};
  if (!not_known.empty()) result["notKnown"] = std::move(not_known);
  return result;
}

}  // namespace sluice::replay
