#include "bench/bench_node.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <numeric>
#include <thread>

#include "bench/workload.h"
#include "events/instance.gen.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kNodePoll{5};
// In flight while loading; what the load costs is not what is measured.
constexpr size_t kFillInFlight = 4096;
// Prime and larger than any number of entities, so that its multiples visit all of them.
constexpr uint64_t kStride = 2'147'483'647;

Result<void> AwaitReady(const BenchOptions& options, const Node& node) {
  for (std::string reason = node.NotReadyReason(); !reason.empty();
       reason = node.NotReadyReason()) {
    if (options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    if (reason.find("has stopped") != std::string::npos) {
      return Err(ErrorCode::kUnavailable, "{}", reason);
    }
    std::this_thread::sleep_for(kNodePoll);
  }
  return {};
}

// One of those that are never made, on this partition.
std::string Nobody(const Node& node, uint32_t partition) {
  for (uint64_t i = 0;; ++i) {
    std::string entity = fmt::format("instance/default/nobody-{}", i);
    if (node.PartitionOf(entity) == partition) return entity;
  }
}

// A command to each partition; returns when all are refused.
void AskEach(Node& node) {
  std::vector<std::future<void>> answers;
  for (uint32_t partition = 0; partition < node.partition_count(); ++partition) {
    Command command;
    command.entity = Nobody(node, partition);
    command.payload = AnyTable::Of(Touch{});
    command.actor = "bench";
    const auto answered = std::make_shared<std::promise<void>>();
    answers.push_back(answered->get_future());
    node.Submit(std::move(command),
                [answered](const Result<CallerAnswer>&) { answered->set_value(); });
  }
  for (std::future<void>& answer : answers) answer.wait();
}

const Clock& HostClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

Result<std::unique_ptr<Node>> OpenNode(const BenchOptions& options, const std::string& data_dir,
                                       AdmissionLimits admission) {
  NodeOptions node_options;
  node_options.data_dir = data_dir;
  node_options.partitions = options.partitions;
  node_options.admission = admission;
  node_options.kafka = options.log;
  node_options.kinds = &BuiltinKinds();
  node_options.clock = &HostClock();
  node_options.node_name = "bench";
  node_options.on_fatal = [](const Error& error) {
    CheckFailed(error.message.c_str(), __FILE__, __LINE__);
  };
  auto node = Node::Open(std::move(node_options));
  if (!node) return node;
  if (auto started = (*node)->Start(); !started) return tl::unexpected(started.error());
  if (auto ready = AwaitReady(options, **node); !ready) return tl::unexpected<Error>(ready.error());
  return node;
}

std::vector<uint64_t> EndSequences(const Node& node) {
  std::vector<uint64_t> ends;
  for (const auto& store : node.stores()) ends.push_back(store->NextSequence());
  return ends;
}

uint64_t CountDecisions(const Node& node) {
  const std::vector<uint64_t> ends = EndSequences(node);
  return std::accumulate(ends.begin(), ends.end(), uint64_t{0});
}

Result<uint64_t> AwaitRest(Node& node, std::stop_token stop) {
  constexpr int kQuietRounds = 2;
  uint64_t asked = 0;
  uint64_t last = 0;
  for (int quiet = 0; quiet < kQuietRounds;) {
    if (stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    AskEach(node);
    asked += node.partition_count();
    const uint64_t count = CountDecisions(node);
    quiet = count == last + node.partition_count() ? quiet + 1 : 0;
    last = count;
  }
  return last - asked;
}

Result<void> AwaitIdle(std::stop_token stop) {
  constexpr std::chrono::milliseconds kLook{100};
  constexpr double kIdleSeconds = 0.002;
  constexpr int kLooksMax = 600;
  double last = ProcessCpuSeconds();
  for (int look = 0; look < kLooksMax; ++look) {
    if (stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    std::this_thread::sleep_for(kLook);
    const double now = ProcessCpuSeconds();
    if (now - last < kIdleSeconds) return {};
    last = now;
  }
  return {};
}

Result<void> SettleFiles(const Node& node, const std::string& directory, std::stop_token stop) {
  for (const auto& store : node.stores()) {
    auto flushed = store->Checkpoint(directory);
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
    if (!flushed) return flushed;
  }
  return AwaitIdle(stop);
}

Result<void> DataSet::MakeScratch() {
  if (scratch_) return {};
  auto scratch = ScratchDirectory::Make(options_.data_dir);
  if (!scratch) return tl::unexpected<Error>(scratch.error());
  scratch_ = std::move(*scratch);
  return {};
}

Result<Node*> DataSet::Open() {
  if (auto made = MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  if (!loaded_ && !options_.data_set.empty()) {
    if (auto copied = CopyKept(); !copied) return tl::unexpected<Error>(copied.error());
  }
  if (!node_) {
    auto node = OpenNode(options_, data_dir());
    if (!node) return tl::unexpected<Error>(node.error());
    node_ = std::move(*node);
  }
  if (!loaded_) {
    if (auto loaded = Load(); !loaded) return tl::unexpected<Error>(loaded.error());
    loaded_ = true;
  }
  return node_.get();
}

Result<void> DataSet::CopyKept() {
  namespace fs = std::filesystem;
  const fs::path kept = options_.data_set;
  const fs::path says = kept / "bench-instances";
  std::ifstream made(says);
  uint64_t entities = 0;
  if (!(made >> entities)) {
    auto node = OpenNode(options_, options_.data_set);
    if (!node) return tl::unexpected<Error>(node.error());
    node_ = std::move(*node);
    if (auto loaded = Load(); !loaded) return loaded;
    node_.reset();
    std::ofstream(says) << options_.entities;
  } else if (entities != options_.entities) {
    return Err(ErrorCode::kInvalid, "{} has {} instances, not {}", kept.string(), entities,
               options_.entities);
  }
  std::error_code error;
  fs::create_directory(data_dir(), error);
  for (const auto& entry : fs::recursive_directory_iterator(kept, error)) {
    const fs::path to = data_dir() / fs::relative(entry.path(), kept);
    if (entry.is_directory()) {
      fs::create_directory(to, error);
    } else if (entry.path().extension() == ".sst") {
      fs::create_hard_link(entry.path(), to, error);  // They never change.
    } else {
      fs::copy_file(entry.path(), to, error);
    }
    if (error) return Err(ErrorCode::kIo, "copy {}: {}", entry.path().string(), error.message());
  }
  next_ = options_.entities * kStepsLoaded;
  loaded_ = true;
  return {};
}

Result<void> DataSet::Load() {
  const uint64_t total = options_.entities * kStepsLoaded;
  next_ = total;
  const auto source = [&](uint64_t n) -> std::optional<Command> {
    if (n < kLocations) return MakeLocation(n);
    if (n >= kLocations + total) return std::nullopt;
    if (n % 10'000 == 0) {
      options_.Say(fmt::format("loading {} instances: {}%", options_.entities, n * 100 / total));
    }
    return LoadStep(n - kLocations);
  };
  const auto loaded = RunClosedLoop(*node_, kFillInFlight, source, Duration{}, options_.stop);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  if (options_.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
  load_per_s_ = loaded->per_s();
  if (auto rest = AwaitRest(*node_, options_.stop); !rest) {
    return tl::unexpected<Error>(rest.error());
  }
  return {};
}

// So many at a time live side by side: as many as stay in memory meanwhile.
Command DataSet::LoadStep(uint64_t n) const {
  constexpr uint64_t kTogether = 20'000;
  const uint64_t first = n / (kTogether * kStepsLoaded) * kTogether;
  const uint64_t together = std::min(kTogether, options_.entities - first);
  const uint64_t at = n - first * kStepsLoaded;
  return MakeStep(first + at % together, at / together);
}

Command DataSet::Next() {
  const uint64_t n = next_++;
  return MakeStep(n % options_.entities * kStride % options_.entities, n / options_.entities);
}

}  // namespace sluice::bench
