// replay: the steps of one or several entities, in the order of their decisions, up to where an
// expression over their fields begins to hold.
#include <algorithm>
#include <map>

#include "events/json.h"
#include "replay/causes.h"
#include "replay/expression.h"

namespace sluice::replay {
namespace {

struct StepAt {
  Time time;
  DecisionPosition position;
  std::string entity;

  bool operator<(const StepAt& other) const {
    return std::tie(time.us, position.partition, position.sequence) <
           std::tie(other.time.us, other.position.partition, other.position.sequence);
  }
};

std::vector<std::string> SplitCommas(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (from <= text.size()) {
    const size_t end = std::min(text.find(',', from), text.size());
    if (end > from) parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

// Nothing holds of what never was; of what was deleted, that it is.
bool HoldsOf(const Expression& expression, const EntityState& state) {
  return state.version > 0 && expression.Holds(state.root_type(), state.root());
}

class Stepping {
 public:
  explicit Stepping(const Asking& asking) : asking_(asking), archive_(asking.archive) {}

  Result<void> Prepare() {
    for (const std::string& entity : SplitCommas(asking_.question.Get("entities"))) {
      const auto key = ParseEntityKey(entity);
      if (!key) return Err(ErrorCode::kInvalid, "{}", key.error().message);
      if (archive_.kinds().Find(key->kind) == nullptr) {
        return Err(ErrorCode::kInvalid, "there is no kind {}", key->kind);
      }
      if (auto was = CheckEverWas(archive_, entity); !was) return was;
      entities_.push_back(entity);
    }
    if (entities_.empty()) return Err(ErrorCode::kInvalid, "entities: name one at least");
    from_.assign(archive_.partitions(), 0);
    if (asking_.question.Has("from")) {
      auto point = archive_.PointAt(asking_.question.Get("from"), asking_.options.now);
      if (!point) return tl::unexpected(point.error());
      from_ = std::move(*point);
      // The decision at a position is the first step.
      if (const auto exact = ParsePosition(asking_.question.Get("from"), archive_.partitions())) {
        from_[exact->partition] = exact->sequence;
      }
    }
    auto to = archive_.PointAt(asking_.question.Get("to"), asking_.options.now);
    if (!to) return tl::unexpected(to.error());
    to_ = std::move(*to);
    if (asking_.question.Has("until")) {
      auto parsed = Expression::Parse(asking_.question.Get("until"));
      if (!parsed) return tl::unexpected(parsed.error());
      until_.emplace(std::move(*parsed));
      if (auto checked = CheckUntil(); !checked) return checked;
    }
    with_state_ = asking_.question.Get("state") == "true";
    return {};
  }

  Result<Json> Run() {
    auto steps = AllSteps();
    if (!steps) return tl::unexpected(steps.error());
    if (asking_.question.Get("bisect") == "true") return Bisect(*steps);
    std::map<std::string, Timeline> timelines;
    for (const std::string& entity : entities_) {
      Timeline& timeline = timelines.try_emplace(entity, archive_, entity).first->second;
      const uint64_t from = from_[archive_.PartitionOf(entity)];
      if (from == 0) continue;
      if (auto skipped = timeline.Skip(from); !skipped) return tl::unexpected(skipped.error());
    }
    Json result{{"entities", entities_}, {"steps", steps->size()}};
    uint64_t shown = 0;
    for (const StepAt& step : *steps) {
      if (asking_.options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
      std::optional<Json> item;
      bool holds = false;
      auto walked =
          timelines.at(step.entity).Walk(step.position.sequence + 1, [&](const Moment& moment) {
            if (moment.record.sequence != step.position.sequence) return true;
            item = StepJson(moment);
            holds = until_ && HoldsOf(*until_, moment.after);
            return true;
          });
      if (!walked) return tl::unexpected(walked.error());
      if (!item) continue;
      ++shown;
      if (holds) (*item)["holds"] = true;
      if (!asking_.Item(*item)) break;
      if (!holds) continue;
      result["stoppedAt"] = FormatPosition(step.position.partition, step.position.sequence);
      result["entity"] = step.entity;
      break;
    }
    result["shown"] = shown;
    return result;
  }

 private:
  // A name that was mistyped would look like an answer.
  Result<void> CheckUntil() const {
    NamedTypes types;
    for (const std::string& entity : entities_) {
      const KindInfo* kind = archive_.kinds().Find(entity.substr(0, entity.find('/')));
      types.emplace_back(kind->name, &kind->make()->root_type());
    }
    return until_->Check(types);
  }

  Result<std::vector<StepAt>> AllSteps() {
    std::vector<StepAt> steps;
    for (const std::string& entity : entities_) {
      const uint32_t partition = archive_.PartitionOf(entity);
      uint64_t from = from_[partition];
      while (true) {
        auto sequences = archive_.Sequences(entity, from, 1024);
        if (!sequences) return tl::unexpected(sequences.error());
        for (const uint64_t sequence : *sequences) {
          from = sequence + 1;
          if (sequence >= to_[partition]) break;
          // One entity's are in order by themselves.
          Time time;
          if (entities_.size() > 1) {
            auto at = archive_.TimeOf({partition, sequence});
            if (!at) return tl::unexpected(at.error());
            time = *at;
          }
          steps.push_back({time, {partition, sequence}, entity});
        }
        if (sequences->size() < 1024 || from >= to_[partition]) break;
      }
    }
    std::stable_sort(steps.begin(), steps.end());
    return steps;
  }

  Json StepJson(const Moment& moment) const {
    Json item = DecisionInShort(moment.record);
    if (const auto transition = moment.Transition(); !transition.empty()) {
      item["transition"] = transition;
    }
    item["phase"] = moment.kind.PhaseName(moment.kind.phase(moment.after));
    item["version"] = moment.after.version;
    Json effects = Json::array();
    for (const FollowUp& sent : moment.decision.effects.follow_ups) {
      effects.push_back(CommandText(*sent.command) + " to " + sent.command->entity);
    }
    for (const TimerChange& timer : moment.decision.effects.timers) {
      effects.push_back("timer " + timer.id +
                        (timer.due.IsSet() ? " at " + FormatTime(timer.due) : " off"));
    }
    if (!effects.empty()) item["effects"] = std::move(effects);
    item["changes"] = DiffJson(moment.Changes());
    if (with_state_) {
      item["state"] = ParsedJson(ToJson(moment.after.root_type(), moment.after.root()));
    }
    return item;
  }

  // Of one entity: the first step at which the expression holds, if it stays so from there on. Each
  // probe goes on from the last one that did not hold, or from a waypoint between: together they
  // fold no more decisions than the entity has.
  Result<Json> Bisect(const std::vector<StepAt>& steps) {
    if (!until_) return Err(ErrorCode::kInvalid, "bisect: say until what");
    if (entities_.size() != 1) return Err(ErrorCode::kInvalid, "bisect: one entity at a time");
    Json result{{"entities", entities_}, {"steps", steps.size()}};
    uint64_t probes = 0;
    uint64_t folded = 0;
    auto before = std::make_unique<Timeline>(archive_, entities_.front());
    size_t low = 0;
    size_t high = steps.size();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      auto probe = std::make_unique<Timeline>(*before);
      auto walked = probe->Skip(steps[middle].position.sequence + 1);
      if (!walked) return tl::unexpected(walked.error());
      folded += probe->folded() - before->folded();
      ++probes;
      if (HoldsOf(*until_, *probe->now().state)) {
        high = middle;
      } else {
        low = middle + 1;
        before = std::move(probe);
      }
    }
    result["probes"] = probes;
    result["folded"] = folded;
    if (low == steps.size()) return result;
    const StepAt& found = steps[low];
    result["stoppedAt"] = FormatPosition(found.position.partition, found.position.sequence);
    result["entity"] = found.entity;
    auto walked = before->Walk(found.position.sequence + 1, [&](const Moment& moment) {
      if (moment.record.sequence != found.position.sequence) return true;
      Json item = StepJson(moment);
      item["holds"] = true;
      asking_.Item(item);
      return true;
    });
    if (!walked) return tl::unexpected(walked.error());
    return result;
  }

  const Asking& asking_;
  const Archive& archive_;
  std::vector<std::string> entities_;
  Coverage from_;
  Coverage to_;
  std::optional<Expression> until_;
  bool with_state_ = false;
};

}  // namespace

Result<Json> AnswerReplay(const Asking& asking) {
  Stepping stepping(asking);
  if (auto prepared = stepping.Prepare(); !prepared) return tl::unexpected(prepared.error());
  return stepping.Run();
}

}  // namespace sluice::replay
