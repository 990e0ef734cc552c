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
    if (auto skipped = SkipToLast(); !skipped) return tl::unexpected(skipped.error());
    Timeline timeline(asking_.archive, entity_);
    const auto visit = [this](const Moment& moment) { return See(moment); };
    if (from_ > 0) {
      if (auto skipped = timeline.Skip(std::min(from_, end_)); !skipped) {
        return tl::unexpected(skipped.error());
      }
    }
    if (auto walked = timeline.Walk(end_, visit); !walked) return tl::unexpected(walked.error());
    for (const std::string& item : kept_) {
      if (!enough_ && !asking_.ItemText(item)) enough_ = true;
    }
    kept_.clear();
    last_ = 0;
    if (asking_.question.Get("follow") == "true") {
      while (!enough_ && WaitALittle()) {
        if (auto walked = timeline.Walk(end_, visit); !walked) {
          return tl::unexpected(walked.error());
        }
      }
    }
    return Json{{"entity", entity_}, {"decisions", timeline.decisions()}, {"shown", shown_}};
  }

 private:
  // Where everything is shown, the last ones are known beforehand: those before them need not be
  // told.
  Result<void> SkipToLast() {
    if (last_ == 0 || !command_.empty() || !verdict_.empty()) return {};
    constexpr size_t kAtOnce = 4096;
    std::deque<uint64_t> last;
    for (uint64_t from = from_;;) {
      auto sequences = asking_.archive.Sequences(entity_, from, kAtOnce);
      if (!sequences) return tl::unexpected(sequences.error());
      for (const uint64_t sequence : *sequences) {
        if (sequence >= end_) break;
        last.push_back(sequence);
        if (last.size() > last_) last.pop_front();
      }
      if (sequences->size() < kAtOnce || sequences->back() >= end_) break;
      from = sequences->back() + 1;
    }
    if (!last.empty()) from_ = last.front();
    return {};
  }

  static bool IsVerdict(std::string_view text) {
    for (const Enumerator& one : EnumInfoOf<Verdict>().values) {
      if (EqualsLoosely(one.name, text)) return true;
    }
    return false;
  }

  bool See(const Moment& moment) {
    if (moment.record.sequence < from_) return true;
    const Decision& decision = moment.decision;
    if (!command_.empty() && !EqualsLoosely(command_, CommandText(*decision.command)) &&
        !(decision.command->payload.type() != nullptr &&
          EqualsLoosely(command_, decision.command->payload.type()->wire_name))) {
      return true;
    }
    if (!verdict_.empty() && !EqualsLoosely(verdict_, ToString(decision.verdict))) return true;
    std::string item = RowText(moment);
    ++shown_;
    if (last_ == 0) {
      enough_ = !asking_.ItemText(item) || (limit_ > 0 && shown_ >= limit_);
      return !enough_;
    }
    kept_.push_back(std::move(item));
    if (kept_.size() > last_) kept_.pop_front();
    return !asking_.options.stop.stop_requested();
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
  uint64_t last_ = 0;   // keeps so many and gives them at the end; 0: gives all at once
  uint64_t limit_ = 0;  // 0: all
  std::deque<std::string> kept_;
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
