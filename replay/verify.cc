#include "replay/verify.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "replay/verify_partition.h"

namespace sluice::replay {
namespace {

using Stores = std::vector<std::shared_ptr<PartitionStore>>;

// All partitions, on as many threads as there are cores.
class Run {
 public:
  Run(const Archive& archive, const VerifyOptions& options)
      : archive_(archive), options_(options) {}

  // `bases`: by partition, or none.
  Result<void> Prepare(const Stores& bases) {
    for (uint32_t partition = 0; partition < archive_.partitions(); ++partition) {
      auto end = archive_.LogEnd(partition);
      if (!end) return tl::unexpected(end.error());
      walks_.push_back(std::make_unique<PartitionWalk>(archive_, options_, partition, *end, done_,
                                                       bases.empty() ? nullptr : bases[partition]));
      total_ += *end - std::min(*end, walks_.back()->result().begin);
    }
    return {};
  }

  Result<void> Walk() {
    size_t threads = options_.threads;
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    threads = std::min<size_t>(threads, walks_.size());
    running_ = threads;
    std::vector<std::jthread> pool;
    for (size_t i = 0; i < threads; ++i) pool.emplace_back([this] { Work(); });
    std::unique_lock lock(mutex_);
    while (!finished_.wait_for(lock, std::chrono::milliseconds(200),
                               [this] { return running_ == 0; })) {
      lock.unlock();
      if (options_.on_progress) options_.on_progress({done_.load(), total_});
      lock.lock();
    }
    if (options_.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    return failed_;
  }

  std::vector<std::unique_ptr<PartitionWalk>>& walks() { return walks_; }

 private:
  void Work() {
    for (size_t at = next_++; at < walks_.size(); at = next_++) {
      auto walked = walks_[at]->Walk();
      const std::lock_guard lock(mutex_);
      if (!walked && failed_) failed_ = tl::unexpected(walked.error());
    }
    const std::lock_guard lock(mutex_);
    --running_;
    finished_.notify_all();
  }

  const Archive& archive_;
  const VerifyOptions& options_;
  std::vector<std::unique_ptr<PartitionWalk>> walks_;
  std::atomic<uint64_t> done_ = 0;
  uint64_t total_ = 0;
  std::atomic<size_t> next_ = 0;
  std::mutex mutex_;
  std::condition_variable finished_;
  size_t running_ = 0;   // guarded by mutex_
  Result<void> failed_;  // guarded by mutex_
};

// What one partition decided of another's follow-ups, against what that one sent.
void CompareFollowUps(std::vector<std::unique_ptr<PartitionWalk>>& walks) {
  for (auto& walk : walks) {
    for (const auto& [from, line] : walk->follow_ups().decided()) {
      const auto& [epoch, source] = from;
      if (source >= walks.size() || walks[source]->result().divergence) continue;
      const auto& sent = walks[source]->follow_ups().sent();
      const auto found = sent.find({epoch, walk->result().partition});
      for (size_t i = 0; i < line.entries.size(); ++i) {
        const FollowUpLedger::Entry& entry = line.entries[i];
        const uint64_t number = line.first + i;
        // Sent after the moment up to which the sender was read.
        if (entry.sender >= walks[source]->result().end) continue;
        const FollowUpLedger::Entry* original = nullptr;
        if (found != sent.end() && number >= found->second.first &&
            number - found->second.first < found->second.entries.size()) {
          original = &found->second.entries[number - found->second.first];
        }
        if (original != nullptr && original->command == entry.command &&
            original->sender == entry.sender) {
          continue;
        }
        walk->Diverge(
            "I8", entry.decider,
            fmt::format("decides follow-up {} of partition {}, which {} {}", number, source,
                        original == nullptr ? "was never sent; it names"
                                            : "was sent with another content by",
                        FormatPosition(source, entry.sender)));
        break;
      }
    }
  }
}

void MergeWhatIf(const std::vector<WhatIfGroup>& from, std::vector<WhatIfGroup>* into) {
  for (const WhatIfGroup& group : from) {
    const auto found = std::find_if(into->begin(), into->end(), [&](const WhatIfGroup& other) {
      return other.kind == group.kind && other.command == group.command &&
             other.difference == group.difference;
    });
    if (found == into->end()) {
      into->push_back(group);
    } else {
      found->count += group.count;
    }
  }
}

Result<Verified> VerifyFrom(const Archive& archive, const Stores& bases,
                            const VerifyOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  Run run(archive, options);
  if (auto prepared = run.Prepare(bases); !prepared) return tl::unexpected(prepared.error());
  if (auto walked = run.Walk(); !walked) return tl::unexpected(walked.error());
  // Many were sent before the bases.
  if (bases.empty()) CompareFollowUps(run.walks());
  Verified verified;
  for (auto& walk : run.walks()) {
    PartitionVerified& result = walk->result();
    const auto& divergence = result.divergence;
    if (divergence && (!verified.first || divergence->time < verified.first->time)) {
      verified.first = divergence;
    }
    MergeWhatIf(walk->what_if(), &verified.what_if);
    verified.partitions.push_back(std::move(result));
  }
  std::stable_sort(verified.what_if.begin(), verified.what_if.end(),
                   [](const WhatIfGroup& a, const WhatIfGroup& b) { return a.count > b.count; });
  verified.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return verified;
}

}  // namespace

uint64_t Verified::records() const {
  uint64_t sum = 0;
  for (const PartitionVerified& partition : partitions) sum += partition.records;
  return sum;
}

uint64_t Verified::redecided() const {
  uint64_t sum = 0;
  for (const PartitionVerified& partition : partitions) sum += partition.redecided;
  return sum;
}

Result<Verified> Verify(const Archive& archive, const VerifyOptions& options) {
  return VerifyFrom(archive, {}, options);
}

Result<Verified> VerifySince(const Archive& archive, const Stores& bases,
                             const VerifyOptions& options) {
  CHECK(bases.size() == archive.partitions() && !options.what_if);
  return VerifyFrom(archive, bases, options);
}

}  // namespace sluice::replay
