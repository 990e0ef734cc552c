// export: a log, or a part of it, as something to keep or to attach to a report.
#include <algorithm>
#include <map>
#include <set>

#include "events/codec.h"
#include "events/epoch.h"
#include "events/json_writer.h"
#include "projections/decision_json.h"
#include "replay/causes.h"
#include "replay/export_cut.h"
#include "replay/leftovers.h"
#include "replay/redact.h"

namespace sluice::replay {
namespace {

constexpr uint64_t kProgressEvery = 65'536;

class Export {
 public:
  explicit Export(const Asking& asking) : asking_(asking), archive_(asking.archive) {}

  Result<void> Prepare() {
    const Question& question = asking_.question;
    if (question.Has("entity")) {
      auto entity = EntityParameter(asking_, "entity");
      if (!entity) return tl::unexpected(entity.error());
      entity_ = std::move(*entity);
    }
    kind_ = question.Get("kind");
    if (!kind_.empty() && archive_.kinds().Find(kind_) == nullptr) {
      return Err(ErrorCode::kInvalid, "there is no kind '{}'", kind_);
    }
    namespace_ = question.Get("namespace");
    with_causes_ = question.Get("causes") == "true";
    auto ends = FittingEnds(archive_);
    if (!ends) return tl::unexpected(ends.error());
    end_ = std::move(*ends);
    from_.assign(archive_.partitions(), 0);
    if (question.Has("from")) {
      auto point = archive_.PointAt(question.Get("from"), asking_.options.now);
      if (!point) return tl::unexpected(point.error());
      from_ = std::move(*point);
      if (const auto exact = ParsePosition(question.Get("from"), archive_.partitions())) {
        from_[exact->partition] = exact->sequence;
      }
    }
    if (question.Has("to")) {
      auto point = archive_.PointAt(question.Get("to"), asking_.options.now);
      if (!point) return tl::unexpected(point.error());
      for (uint32_t p = 0; p < archive_.partitions(); ++p) end_[p] = std::min(end_[p], (*point)[p]);
    }
    const std::string paths = question.Get("redact");
    for (size_t at = 0; at < paths.size();) {
      const size_t comma = std::min(paths.find(',', at), paths.size());
      redact_.push_back(paths.substr(at, comma - at));
      auto checked = CheckRedactPath(archive_.kinds(), redact_.back());
      if (!checked) return checked;
      at = comma + 1;
    }
    // A beginning is as good as the whole: it folds.
    whole_ = archive_.IsWhole() && entity_.empty() && kind_.empty() && namespace_.empty() &&
             std::all_of(from_.begin(), from_.end(), [](uint64_t from) { return from == 0; });
    const Extent& extent = archive_.extent();
    if (!redact_.empty() && !(whole_ && extent.HasAll())) {
      return Err(ErrorCode::kInvalid,
                 "redact: takes the log from its beginning on, for it is chained anew; {}",
                 extent.HasAll() ? "leave entity, kind, namespace and from away"
                                 : "this is what is left of one");
    }
    complete_ = whole_ && extent.HasAll();
    for (const uint64_t end : end_) total_ += end;
    return {};
  }

  Result<Json> Run() {
    if (!whole_) {
      if (auto chosen = Choose(); !chosen) return tl::unexpected(chosen.error());
    }
    // What was hidden before stays so.
    std::set<std::string> hidden(archive_.extent().redacted.begin(),
                                 archive_.extent().redacted.end());
    hidden.insert(redact_.begin(), redact_.end());
    Json header{{"partitions", archive_.partitions()},
                {"epoch", Epoch()},
                {"build", asking_.options.build},
                {"complete", complete_},
                {"coverage", FormatCoverage(end_)},
                {"filter", complete_ ? "" : FilterText()},
                {"redacted", hidden}};
    if (!asking_.Item(header)) return Json();
    uint64_t records = 0;
    Leftovers leftovers(redact_);
    if (auto learned = Learn(&leftovers); !learned) return tl::unexpected(learned.error());
    std::set<std::string> hashed_anew;
    std::set<std::string> not_found(redact_.begin(), redact_.end());
    uint64_t redacted = 0;
    for (uint32_t partition = 0; partition < archive_.partitions(); ++partition) {
      Redactor redactor(archive_.kinds(), partition, redact_);
      Result<void> given;
      auto read = archive_.Read(partition, 0, [&](uint64_t sequence, std::string_view bytes) {
        if (sequence >= end_[partition]) return false;
        if (!whole_ && !chosen_.contains({partition, sequence})) return Tick();
        Bytes out(bytes);
        if (!redact_.empty()) {
          auto without = redactor.Redact(bytes);
          if (!without) {
            given = tl::unexpected(without.error());
            return false;
          }
          out = std::move(*without);
          leftovers.Look(out);
        }
        ++records;
        return Give({partition, sequence}, out) && Tick();
      });
      if (!given) return tl::unexpected(given.error());
      if (!read) return tl::unexpected(read.error());
      redacted += redactor.redacted();
      hashed_anew.insert(redactor.entities().begin(), redactor.entities().end());
      for (const std::string& path : redactor.found()) not_found.erase(path);
    }
    if (asking_.options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    Json result{{"records", records}, {"coverage", FormatCoverage(end_)}, {"complete", complete_}};
    if (!redact_.empty()) {
      result["redactedRecords"] = redacted;
      // Their state hashes are no longer those the node wrote; all others are.
      result["hashedAnew"] = hashed_anew;
      if (!not_found.empty()) result["inNoRecord"] = not_found;
      if (!leftovers.places().empty()) result["stillIn"] = leftovers.places();
    }
    return result;
  }

 private:
  bool Matches(const DecisionPosition& position, const LogRecord& record) const {
    if (record.opened || OpenedEpoch(record) != nullptr) return true;
    const Decision& decision = *record.decision;
    if (!decision.command || decision.command->to_partition) return true;  // settings
    if (position.sequence < from_[position.partition]) return false;
    const std::string& entity = decision.command->entity;
    if (!entity_.empty()) return entity == entity_;
    const auto key = ParseEntityKey(entity);
    if (!key) return false;
    return (kind_.empty() || key->kind == kind_) &&
           (namespace_.empty() || key->namespace_ == namespace_);
  }

  Result<void> Choose() {
    Positions picked;
    for (uint32_t partition = 0; partition < archive_.partitions(); ++partition) {
      auto read = archive_.Read(partition, 0, [&](uint64_t sequence, std::string_view bytes) {
        if (sequence >= end_[partition]) return false;
        const auto record = Unpack<LogRecord>(bytes);
        if (record && Matches({partition, sequence}, *record)) picked.insert({partition, sequence});
        return Tick();
      });
      if (!read) return read;
    }
    chosen_ = picked;
    if (!with_causes_) return {};
    Positions causes;
    for (const auto& [partition, sequence] : picked) {
      if (auto added = AddChain(archive_, {partition, sequence}, &causes); !added) return added;
    }
    // With all that their entities were before, so that they fold.
    std::map<std::string, uint64_t> up_to;
    for (const auto& [partition, sequence] : causes) {
      auto record = archive_.Record({partition, sequence});
      if (!record) return tl::unexpected(record.error());
      chosen_.insert({partition, sequence});
      if (!record->decision || !record->decision->command) continue;
      uint64_t& last = up_to[record->decision->command->entity];
      last = std::max(last, sequence);
    }
    for (const auto& [entity, last] : up_to) {
      if (entity.empty()) continue;
      const uint32_t partition = archive_.PartitionOf(entity);
      uint64_t from = 0;
      while (true) {
        auto sequences = archive_.Sequences(entity, from, 1024);
        if (!sequences) return tl::unexpected(sequences.error());
        for (const uint64_t sequence : *sequences) {
          from = sequence + 1;
          if (sequence <= last) chosen_.insert({partition, sequence});
        }
        if (sequences->size() < 1024 || from > last) break;
      }
    }
    return {};
  }

  // What is to be hidden, from the whole log: what comes first may have it from what comes later.
  Result<void> Learn(Leftovers* leftovers) {
    if (redact_.empty()) return {};
    total_ *= 2;
    for (uint32_t partition = 0; partition < archive_.partitions(); ++partition) {
      auto read = archive_.Read(partition, 0, [&](uint64_t sequence, std::string_view bytes) {
        if (sequence >= end_[partition]) return false;
        leftovers->Learn(bytes);
        return Tick();
      });
      if (!read) return read;
    }
    return {};
  }

  bool Give(const DecisionPosition& position, const Bytes& bytes) const {
    Json item{{"position", FormatPosition(position.partition, position.sequence)},
              {"record", EncodeBase64(bytes)}};
    if (asking_.question.Get("readable") == "true") {
      const auto record = Unpack<LogRecord>(bytes);
      if (record && record->decision) item["decision"] = ParsedJson(DecisionJson(*record));
    }
    return asking_.Item(item);
  }

  bool Tick() {
    if (++done_ % kProgressEvery != 0) return true;
    return !asking_.options.stop.stop_requested() && asking_.Progress(done_, total_);
  }

  // Of the log as it is now.
  std::string Epoch() const {
    std::string epoch;
    const uint64_t last = end_[0] - std::min<uint64_t>(end_[0], 1);
    auto read = archive_.Read(0, last, [&](uint64_t, std::string_view bytes) {
      const auto record = Unpack<LogRecord>(bytes);
      if (record && record->opened) epoch = ToHex(record->opened->epoch);
      if (record && OpenedEpoch(*record)) epoch = ToHex(OpenedEpoch(*record)->epoch);
      if (record && record->decision && record->decision->origin) {
        epoch = ToHex(record->decision->origin->epoch);
      }
      return false;
    });
    return read ? epoch : "";
  }

  std::string FilterText() const {
    std::string text;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) text += (text.empty() ? "" : ", ") + std::string(name) + " " + value;
    };
    if (archive_.extent().damaged) add("without", "what could not be read");
    if (!archive_.IsWhole()) add("of", archive_.extent().filter);
    add("entity", entity_);
    add("kind", kind_);
    add("namespace", namespace_);
    add("from", asking_.question.Get("from"));
    add("to", asking_.question.Get("to"));
    if (with_causes_) add("with", "causes");
    return text;
  }

  const Asking& asking_;
  const Archive& archive_;
  std::string entity_;
  std::string kind_;
  std::string namespace_;
  bool with_causes_ = false;
  bool whole_ = true;     // of the archive
  bool complete_ = true;  // of the log
  std::vector<std::string> redact_;
  Coverage from_;
  Coverage end_;
  Positions chosen_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

Result<Json> AnswerExport(const Asking& asking) {
  Export exporting(asking);
  if (auto prepared = exporting.Prepare(); !prepared) return tl::unexpected(prepared.error());
  return exporting.Run();
}

}  // namespace sluice::replay
