// history: the decisions about one entity, with what each changed.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "events/json.h"
#include "projections/decision_json.h"
#include "replay/causes.h"

namespace sluice::replay {
namespace {

// Spec and status as users know them; the rest is bookkeeping.
bool IsOfObject(const FieldDiff& diff) {
  return diff.path.starts_with("spec") || diff.path.starts_with("status") ||
         diff.path.starts_with("metadata");
}

bool EqualsLoosely(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// Of a decision before which nothing is known of the entity: what the record itself says.
std::string RowText(const LogRecord& record) {
  std::string text = DecisionJson(record);
  text.pop_back();  // Its end.
  return text += ",\"stateUnknown\":true,\"changes\":[]}";
}

// Put together as text: a tree of values would be made of text and become text again.
std::string RowText(const Moment& moment) {
  std::string text = DecisionJson(moment.record);
  text.pop_back();  // Its end.
  if (const std::string transition = moment.Transition(); !transition.empty()) {
    text += ",\"transition\":" + QuoteJson(transition);
  }
  text += ",\"changes\":[";
  bool first = true;
  for (const FieldDiff& diff : moment.Changes()) {
    if (!IsOfObject(diff)) continue;
    text += first ? "{\"path\":" : ",{\"path\":";
    text += QuoteJson(diff.path);
    text += ",\"before\":" + (diff.before.empty() ? "null" : diff.before);
    text += ",\"after\":" + (diff.after.empty() ? "null" : diff.after) + "}";
    first = false;
  }
  return text += "]}";
}

class History {
 public:
  explicit History(const Asking& asking) : asking_(asking) {}

  Result<void> Prepare() {
    auto entity = EntityParameter(asking_, "entity");
    if (!entity) return tl::unexpected(entity.error());
    entity_ = std::move(*entity);
    partition_ = asking_.archive.PartitionOf(entity_);
    const Question& question = asking_.question;
    if (question.Has("since")) {
      auto point = asking_.archive.PointAt(question.Get("since"), asking_.options.now);
      if (!point) return tl::unexpected(point.error());
      from_ = (*point)[partition_];
      // A position is within; a time is when it begins.
      if (const auto exact = ParsePosition(question.Get("since"), asking_.archive.partitions());
          exact && exact->partition == partition_) {
        from_ = exact->sequence;
      }
    }
    if (question.Has("until")) {
      auto point = asking_.archive.PointAt(question.Get("until"), asking_.options.now);
      if (!point) return tl::unexpected(point.error());
      end_ = (*point)[partition_];
    }
    command_ = question.Get("command");
    verdict_ = question.Get("verdict");
    if (!verdict_.empty() && !IsVerdict(verdict_)) {
      std::string known;
      for (const Enumerator& one : EnumInfoOf<Verdict>().values) {
        known += (known.empty() ? "" : ", ") + std::string(one.name);
      }
      return Err(ErrorCode::kInvalid, "verdict '{}': there are {}", verdict_, known);
    }
    auto last = NumberParameter(asking_, "last", 0);
    if (!last) return tl::unexpected(last.error());
    last_ = *last;
    auto limit = NumberParameter(asking_, "limit", 0);
    if (!limit) return tl::unexpected(limit.error());
    limit_ = *limit;
    return {};
  }

  Result<Json> Run() {
    // Who follows may wait for it to be.
    if (!Follows()) {
      auto was = CheckEverWas(asking_.archive, entity_);
      if (!was) return tl::unexpected(was.error());
    }
    std::unique_ptr<Timeline> timeline;
    auto told = TellMoments(&timeline);
    Json result{{"entity", entity_}};
    if (!told && timeline && timeline->lost()) {
      // The decisions are there all the same.
      result["stateUnknown"] = told.error().message;
      told = TellRecords(last_ > 0 ? from_ : std::max(from_, *timeline->lost()));
    }
    if (!told) return tl::unexpected(told.error());
    result["shown"] = shown_;
    return result;
  }

 private:
  bool Follows() const { return asking_.question.Get("follow") == "true"; }

  Result<void> TellMoments(std::unique_ptr<Timeline>* timeline) {
    if (last_ > 0) {
      if (auto told = TellLast(timeline); !told) return told;
    } else {
      *timeline = std::make_unique<Timeline>(asking_.archive, entity_);
      if (from_ > 0) {
        if (auto skipped = (*timeline)->Skip(std::min(from_, end_)); !skipped) return skipped;
      }
    }
    const auto visit = [this](const Moment& moment) { return Tell(moment); };
    const bool follow = Follows();
    for (bool more = follow || last_ == 0; more && !enough_; more = follow && WaitALittle()) {
      if (auto walked = (*timeline)->Walk(end_, visit); !walked) return walked;
    }
    return {};
  }

  // From there on without states.
  Result<void> TellRecords(uint64_t from) {
    std::deque<std::string> kept;  // of the last ones
    auto visited = VisitDecisions(asking_.archive, entity_, from, [&](const LogRecord& record) {
      if (record.sequence >= end_) return false;
      if (!IsWanted(*record.decision)) return true;
      if (last_ == 0) return Give(RowText(record));
      kept.push_back(RowText(record));
      if (kept.size() > last_) kept.pop_front();
      return true;
    });
    for (const std::string& row : kept) Give(row);
    return visited;
  }

  // The last ones: from the end backwards, a stretch of the history at a time, until there are as
  // many as wanted. `*timeline` is then at the end.
  Result<void> TellLast(std::unique_ptr<Timeline>* timeline) {
    constexpr uint64_t kStretchMax = 4096;
    const bool all = command_.empty() && verdict_.empty();
    const size_t stretch = std::min(all ? last_ : std::max<uint64_t>(last_, 256), kStretchMax);
    std::deque<std::string> kept;
    for (uint64_t end = end_; kept.size() < last_ && !asking_.options.stop.stop_requested();) {
      auto sequences = asking_.archive.LastSequences(entity_, end, stretch);
      if (!sequences) return tl::unexpected(sequences.error());
      const auto first = std::lower_bound(sequences->begin(), sequences->end(), from_);
      if (first == sequences->end()) break;
      auto part = std::make_unique<Timeline>(asking_.archive, entity_);
      std::vector<std::string> items;
      auto walked = part->Skip(*first);
      if (walked) {
        walked = part->Walk(end, [&](const Moment& moment) {
          if (IsWanted(moment.decision)) items.push_back(RowText(moment));
          return !asking_.options.stop.stop_requested();
        });
      }
      if (!walked) {
        *timeline = std::move(part);
        return walked;
      }
      kept.insert(kept.begin(), std::move_iterator(items.begin()), std::move_iterator(items.end()));
      while (kept.size() > last_) kept.pop_front();
      if (!*timeline) *timeline = std::move(part);
      if (first != sequences->begin()) break;
      end = sequences->front();
    }
    for (const std::string& item : kept) Give(item);
    if (!*timeline) *timeline = std::make_unique<Timeline>(asking_.archive, entity_);
    return {};
  }

  static bool IsVerdict(std::string_view text) {
    for (const Enumerator& one : EnumInfoOf<Verdict>().values) {
      if (EqualsLoosely(one.name, text)) return true;
    }
    return false;
  }

  bool IsWanted(const Decision& decision) const {
    if (!command_.empty() && !EqualsLoosely(command_, CommandText(*decision.command)) &&
        !(decision.command->payload.type() != nullptr &&
          EqualsLoosely(command_, decision.command->payload.type()->wire_name))) {
      return false;
    }
    return verdict_.empty() || EqualsLoosely(verdict_, ToString(decision.verdict));
  }

  // False: enough.
  bool Tell(const Moment& moment) {
    if (moment.record.sequence < from_ || !IsWanted(moment.decision)) return true;
    return Give(RowText(moment));
  }

  bool Give(const std::string& row) {
    if (enough_) return false;
    ++shown_;
    enough_ = !asking_.ItemText(row) || (limit_ > 0 && shown_ >= limit_);
    return !enough_;
  }

  // False: it is time to end.
  bool WaitALittle() {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, asking_.options.stop, std::chrono::milliseconds(100),
                   [] { return false; });
    return !asking_.options.stop.stop_requested();
  }

  const Asking& asking_;
  std::string entity_;
  uint32_t partition_ = 0;
  uint64_t from_ = 0;
  uint64_t end_ = UINT64_MAX;
  std::string command_;
  std::string verdict_;
  uint64_t last_ = 0;   // so many, from the end; 0: all
  uint64_t limit_ = 0;  // 0: all
  uint64_t shown_ = 0;
  bool enough_ = false;
};

}  // namespace

Result<Json> AnswerHistory(const Asking& asking) {
  History history(asking);
  if (auto prepared = history.Prepare(); !prepared) return tl::unexpected(prepared.error());
  return history.Run();
}

}  // namespace sluice::replay
