#include "replay/consequences.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "events/codec.h"
#include "replay/causes.h"

namespace sluice::replay {
namespace {

constexpr size_t kNodesMax = 2'000;
// By how much the clocks of two partitions' owners may be apart.
constexpr Duration kClocksApartMax = Duration::Minutes(2);

class Tree {
 public:
  explicit Tree(const Archive& archive) : archive_(archive) {}

  Result<Json> Of(const LogRecord& record) {
    Json json = DecisionInShort(record);
    if (!seen_.insert({record.partition, record.sequence}).second) {
      json["seen"] = true;
      return json;
    }
    if (seen_.size() > kNodesMax) {
      json["cut"] = true;
      return json;
    }
    Json then = Json::array();
    const Effects& effects = record.decision->effects;
    for (size_t i = 0; i < effects.follow_ups.size(); ++i) {
      auto decided = DecisionOn(archive_, record, i);
      if (!decided) return tl::unexpected(decided.error());
      const Command& command = *effects.follow_ups[i].command;
      if (auto added = Add("followUp", CommandText(command) + " to " + command.entity, record,
                           *decided, &then);
          !added) {
        return tl::unexpected(added.error());
      }
    }
    for (const TimerChange& timer : effects.timers) {
      if (!timer.due.IsSet()) continue;
      auto fired = Fired(record, timer);
      if (!fired) return tl::unexpected(fired.error());
      if (auto added =
              Add("timer", timer.id + " due " + FormatTime(timer.due), record, *fired, &then);
          !added) {
        return tl::unexpected(added.error());
      }
    }
    // Settings are a partition's, and no entity's.
    if (!record.decision->events.empty() && !record.decision->command->entity.empty()) {
      if (auto added = AddReports(record, &then); !added) return tl::unexpected(added.error());
    }
    if (!then.empty()) json["then"] = std::move(then);
    return json;
  }

 private:
  Result<void> Add(const char* via, std::string what, const LogRecord& cause,
                   const std::optional<LogRecord>& effect, Json* then) {
    Json one{{"via", via}, {"what", std::move(what)}};
    if (effect) {
      one["took"] = FormatDuration(TimeOfRecord(*effect) - TimeOfRecord(cause));
      auto node = Of(*effect);
      if (!node) return tl::unexpected(node.error());
      one["decision"] = std::move(*node);
    }
    then->push_back(std::move(one));
    return {};
  }

  // The decision on the timer armed at `record`; nullopt: not due yet, or armed otherwise since.
  Result<std::optional<LogRecord>> Fired(const LogRecord& record, const TimerChange& timer) {
    std::optional<LogRecord> fired;
    auto visited = VisitDecisions(
        archive_, record.decision->command->entity, record.sequence + 1,
        [&](const LogRecord& later) {
          const auto* due = later.decision->command->payload.As<TimerDue>();
          if (due != nullptr && due->id == timer.id && due->due == timer.due) {
            fired = later;
            return false;
          }
          return std::none_of(later.decision->effects.timers.begin(),
                              later.decision->effects.timers.end(),
                              [&](const TimerChange& other) { return other.id == timer.id; });
        });
    if (!visited) return tl::unexpected(visited.error());
    return fired;
  }

  // Actions that are pending since `record`, and the reports that ended them.
  Result<void> AddReports(const LogRecord& record, Json* then) {
    std::vector<PendingAction> begun;
    std::vector<std::pair<PendingAction, LogRecord>> reported;
    bool reached = false;
    Timeline timeline(archive_, record.decision->command->entity);
    if (timeline.now().kind == nullptr || timeline.now().kind->pending == nullptr) return {};
    if (auto skipped = timeline.Skip(record.sequence); !skipped) return skipped;
    auto walked = timeline.Walk(archive_.End(record.partition), [&](const Moment& moment) {
      const auto now = moment.kind.pending(moment.after);
      if (!reached) {
        reached = true;
        const auto before = moment.kind.pending(moment.before);
        for (const PendingAction& action : now) {
          if (std::find(before.begin(), before.end(), action) == before.end()) {
            begun.push_back(action);
          }
        }
        return !begun.empty();
      }
      std::erase_if(begun, [&](const PendingAction& action) {
        if (std::find(now.begin(), now.end(), action) != now.end()) return false;
        reported.emplace_back(action, moment.record);
        return true;
      });
      return !begun.empty();
    });
    if (!walked) return walked;
    for (const auto& [action, report] : reported) {
      if (auto added = Add("action", action.verb + " at " + action.location, record, report, then);
          !added) {
        return added;
      }
    }
    for (const PendingAction& action : begun) {
      then->push_back({{"via", "action"}, {"what", action.verb + " at " + action.location}});
    }
    return {};
  }

  const Archive& archive_;
  std::set<std::pair<uint32_t, uint64_t>> seen_;
};

// "0:17/2", the engine's id of a follow-up.
bool ParseFollowUpId(std::string_view id, DecisionPosition* sender, size_t* index) {
  const size_t colon = id.find(':');
  const size_t slash = id.find('/');
  if (colon == id.npos || slash == id.npos || slash < colon) return false;
  const auto number = [&](std::string_view text, auto* value) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), *value);
    return fault == std::errc() && end == text.data() + text.size();
  };
  return number(id.substr(0, colon), &sender->partition) &&
         number(id.substr(colon + 1, slash - colon - 1), &sender->sequence) &&
         number(id.substr(slash + 1), index);
}

}  // namespace

Result<std::optional<LogRecord>> DecisionOn(const Archive& archive, const LogRecord& record,
                                            size_t index) {
  const FollowUp& follow_up = record.decision->effects.follow_ups[index];
  const FollowUpSource& source = *follow_up.command->source;
  // Settings go to a partition, not to an entity.
  if (follow_up.command->to_partition) return std::optional<LogRecord>();
  uint64_t from = record.sequence + 1;
  if (follow_up.target_partition != record.partition) {
    auto earliest =
        archive.EndAt(follow_up.target_partition, record.decision->time - kClocksApartMax);
    if (!earliest) return tl::unexpected(earliest.error());
    from = *earliest;
  }
  std::optional<LogRecord> found;
  auto visited =
      VisitDecisions(archive, follow_up.command->entity, from, [&](const LogRecord& later) {
        const auto& theirs = later.decision->command->source;
        if (!theirs || theirs->partition != source.partition || theirs->epoch != source.epoch ||
            theirs->number != source.number) {
          return true;
        }
        found = later;
        // Parked: it is decided again later.
        return later.decision->verdict == Verdict::kParked;
      });
  if (!visited) return tl::unexpected(visited.error());
  return found;
}

Result<Json> ForwardTree(const Archive& archive, const DecisionPosition& position) {
  auto record = archive.Record(position);
  if (!record) return tl::unexpected(record.error());
  if (!record->decision) {
    return Err(ErrorCode::kInvalid, "{} begins term {}; no command led to it",
               FormatPosition(position.partition, position.sequence), record->term);
  }
  return Tree(archive).Of(*record);
}

Result<std::vector<DecisionPosition>> FindCommandId(const Asking& asking, const std::string& id) {
  std::vector<DecisionPosition> found;
  DecisionPosition sender;
  size_t index = 0;
  if (ParseFollowUpId(id, &sender, &index)) {
    auto record = asking.archive.Record(sender);
    if (!record) return tl::unexpected(record.error());
    if (!record->decision || index >= record->decision->effects.follow_ups.size()) {
      return Err(ErrorCode::kNotFound, "{}: that decision sent no such follow-up", id);
    }
    auto decided = DecisionOn(asking.archive, *record, index);
    if (!decided) return tl::unexpected(decided.error());
    if (*decided) found.push_back({(*decided)->partition, (*decided)->sequence});
    return found;
  }
  uint64_t done = 0;
  uint64_t total = 0;
  const Coverage now = asking.archive.Now();
  for (const uint64_t end : now) total += end;
  for (uint32_t partition = 0; partition < now.size(); ++partition) {
    auto read = asking.archive.Read(partition, 0, [&](uint64_t at, std::string_view bytes) {
      if (at >= now[partition]) return false;
      if (++done % 65'536 == 0 && !asking.Progress(done, total)) return false;
      // An id stands in the record as it is: most records need not be unpacked.
      if (bytes.find(id) == bytes.npos) return !asking.options.stop.stop_requested();
      const auto record = Unpack<LogRecord>(bytes);
      if (record && record->decision && record->decision->command &&
          record->decision->command->id == id) {
        found.push_back({partition, at});
      }
      return true;
    });
    if (!read) return tl::unexpected(read.error());
  }
  return found;
}

}  // namespace sluice::replay
