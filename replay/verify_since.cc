#include "replay/verify_since.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "events/codec.h"
#include "projections/decision_json.h"
#include "projections/object_text.h"
#include "replay/ledgers.h"
#include "replay/verify_partition.h"

namespace sluice::replay {
namespace {

constexpr uint64_t kLookedUpEvery = 1024;

// One partition's log since a snapshot. Walked by one thread.
class SinceWalk {
 public:
  SinceWalk(const Archive& archive, const VerifyOptions& options,
            std::shared_ptr<PartitionStore> base, uint64_t end, std::atomic<uint64_t>& done)
      : archive_(archive),
        options_(options),
        base_(std::move(base)),
        end_(end),
        done_(done),
        state_(base_->applied()),
        view_(archive.Projections(state_.partition)) {
    result_.partition = state_.partition;
    result_.begin = state_.next_sequence;
  }

  Result<void> Walk() {
    if (view_) {
      auto at = view_->NextSequence();
      if (!at) return tl::unexpected(at.error());
      if (*at >= result_.begin && *at <= end_) view_at_ = *at;
    }
    if (view_at_ == state_.next_sequence) result_.projections_at = view_at_;
    auto read = archive_.Read(result_.partition, result_.begin,
                              [this](uint64_t, std::string_view bytes) { return Take(bytes); });
    result_.end = state_.next_sequence;
    result_.entities = entities_.size();
    result_.chain = state_.chain;
    if (!read && read.error().code == ErrorCode::kCorruption) {
      Diverge("I3", result_.end, read.error().message);
      return {};
    }
    if (read && !result_.divergence && result_.end < end_ && !options_.stop.stop_requested()) {
      Diverge("I3", result_.end,
              fmt::format("the log ends here, but {} records are said to be there", end_));
    }
    return read;
  }

  PartitionVerified& result() { return result_; }

 private:
  bool Take(std::string_view bytes) {
    if (state_.next_sequence >= end_ || options_.stop.stop_requested()) return false;
    if (++result_.records % kLookedUpEvery == 0) done_ += kLookedUpEvery;
    const uint64_t sequence = state_.next_sequence;
    auto record = Unpack<LogRecord>(bytes);
    Result<void> good;
    if (!record) {
      good = Err(record.error().code, "I3: record {}:{} cannot be read: {}", state_.partition,
                 sequence, record.error().message);
    } else {
      good = FoldPartition(state_, *record, bytes);
      if (!good && good.error().code == ErrorCode::kFenced) return true;
    }
    if (good) good = Check(*record);
    if (!good) Diverge(NameIn(good.error()), sequence, good.error().message);
    if (!result_.divergence && view_at_ == state_.next_sequence) CompareTouched();
    return !result_.divergence;
  }

  Result<void> Check(const LogRecord& record) {
    if (record.opened) {
      ++result_.terms;
      written_by_ = record.opened->build + " (" + record.opened->node + ")";
    }
    if (!record.decision) return {};
    const Decision& decision = *record.decision;
    if (const std::string wrong = Repeats(decision, record.sequence); !wrong.empty()) {
      return Err(ErrorCode::kCorruption, "dedup: {}", wrong);
    }
    if (FoldedEntity(decision).empty()) return {};
    auto entity = EntityOf(decision.command->entity);
    if (!entity) return tl::unexpected(entity.error());
    LoadedEntity& folded = **entity;
    try {
      if (auto done = FoldEntity(folded, decision, record.sequence); !done) return done;
    } catch (const LoadFailure& failure) {
      return Err(ErrorCode::kIo, "{}: {}", decision.command->entity, failure.what());
    }
    if (decision.verdict == Verdict::kAccepted && folded.state->version != decision.version) {
      return Err(ErrorCode::kCorruption, "I4: {} at {} is at version {}, recorded is {}",
                 decision.command->entity, FormatPosition(state_.partition, record.sequence),
                 folded.state->version, decision.version);
    }
    return {};
  }

  // What is wrong with an id that is, or is not, answered as repeated.
  std::string Repeats(const Decision& decision, uint64_t sequence) {
    const bool repeated = decision.verdict == Verdict::kDuplicate;
    if (!decision.command || (!repeated && !IsRemembered(decision))) return "";
    const Command& command = *decision.command;
    auto known = base_->FindCommand(command.entity, command.id);
    if (!known) return known.error().message;
    const Duration window = state_.settings.idempotency_window.value_or(Duration::Hours(24));
    const bool before = *known && (*known)->time + window > decision.time;
    if (!before) return commands_.Check(decision, sequence, state_);
    const std::string first = FormatPosition(state_.partition, (*known)->sequence);
    if (!repeated && decision.verdict == Verdict::kAccepted) {
      return fmt::format("id '{}' was accepted at {} and is decided again", command.id, first);
    }
    if (repeated &&
        (!decision.duplicate_of || decision.duplicate_of->sequence != (*known)->sequence)) {
      return fmt::format("id '{}' repeats the decision {}, recorded is another", command.id, first);
    }
    return "";
  }

  Result<LoadedEntity*> EntityOf(const std::string& text) {
    const auto found = entities_.find(text);
    if (found != entities_.end()) return &found->second;
    const auto key = ParseEntityKey(text);
    if (!key) return tl::unexpected(key.error());
    if (archive_.kinds().Find(key->kind) == nullptr) {
      return Err(ErrorCode::kUnknownType, "{} is of a kind this build does not know", text);
    }
    auto loaded = base_->Load(*key);
    if (!loaded) return tl::unexpected(loaded.error());
    return &entities_.emplace(text, std::move(*loaded)).first->second;
  }

  // The projections at this very position, as far as decisions since the snapshot made them.
  void CompareTouched() {
    for (const auto& [key, entity] : entities_) {
      auto stored = view_->Get(key);
      std::vector<FieldDiff> fields;
      if (stored && *stored) fields = DiffRecord(**stored, entity);
      if (stored && *stored && fields.empty()) continue;
      Diverge("projections", entity.sequence,
              !stored    ? stored.error().message
              : !*stored ? key + " is not in the projections"
                         : key + " is another in the projections than the log makes it");
      result_.divergence->entity = key;
      result_.divergence->differs = std::move(fields);
      return;
    }
    result_.projections_at = view_at_;
  }

  static std::string NameIn(const Error& error) {
    for (const char* name : {"I3", "I4", "I5", "I6", "I8", "dedup"}) {
      if (error.message.find(std::string(name) + ":") != std::string::npos) return name;
    }
    return error.code == ErrorCode::kUnknownType ? "newer build" : "record";
  }

  void Diverge(std::string check, uint64_t sequence, std::string message) {
    if (result_.divergence) return;
    Divergence divergence;
    divergence.check = std::move(check);
    divergence.position = {result_.partition, sequence};
    divergence.message = std::move(message);
    divergence.term = state_.term;
    divergence.written_by = written_by_;
    divergence.time = state_.decision_time;
    if (auto record = archive_.Record(divergence.position); record && record->decision) {
      divergence.time = TimeOfRecord(*record);
      divergence.decision_json = DecisionJson(*record);
      if (record->decision->command) divergence.entity = record->decision->command->entity;
    }
    result_.divergence = std::move(divergence);
  }

  const Archive& archive_;
  const VerifyOptions& options_;
  const std::shared_ptr<PartitionStore> base_;
  const uint64_t end_;
  std::atomic<uint64_t>& done_;
  PartitionState state_;
  std::unordered_map<std::string, LoadedEntity> entities_;  // touched since
  CommandLedger commands_;
  std::shared_ptr<const StoreView> view_;
  std::optional<uint64_t> view_at_;
  std::string written_by_;  // empty: in a term that the snapshot is of, too
  PartitionVerified result_;
};

}  // namespace

Result<Verified> VerifySince(const Archive& archive,
                             const std::vector<std::shared_ptr<PartitionStore>>& bases,
                             const VerifyOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  CHECK(bases.size() == archive.partitions());
  std::atomic<uint64_t> done = 0;
  uint64_t total = 0;
  std::vector<std::unique_ptr<SinceWalk>> walks;
  for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
    auto end = archive.LogEnd(partition);
    if (!end) return tl::unexpected(end.error());
    total += *end - std::min(*end, bases[partition]->NextSequence());
    walks.push_back(std::make_unique<SinceWalk>(archive, options, bases[partition], *end, done));
  }
  std::mutex mutex;
  std::condition_variable finished;
  size_t running = walks.size();
  Result<void> failed;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t at = next++; at < walks.size(); at = next++) {
      auto walked = walks[at]->Walk();
      const std::lock_guard lock(mutex);
      if (!walked && failed) failed = tl::unexpected(walked.error());
      --running;
      finished.notify_all();
    }
  };
  size_t threads = options.threads;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> pool;
  for (size_t i = 0; i < std::min(threads, walks.size()); ++i) pool.emplace_back(work);
  {
    std::unique_lock lock(mutex);
    while (!finished.wait_for(lock, std::chrono::milliseconds(200), [&] { return running == 0; })) {
      lock.unlock();
      if (options.on_progress) options.on_progress({done.load(), total});
      lock.lock();
    }
  }
  pool.clear();
  if (options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
  if (!failed) return tl::unexpected(failed.error());
  Verified verified;
  for (auto& walk : walks) {
    PartitionVerified& result = walk->result();
    const auto& divergence = result.divergence;
    if (divergence && (!verified.first || divergence->time < verified.first->time)) {
      verified.first = divergence;
    }
    verified.partitions.push_back(std::move(result));
  }
  verified.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return verified;
}

}  // namespace sluice::replay
