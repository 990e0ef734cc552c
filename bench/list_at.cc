// All instances as of a past position: what was decided between the last snapshot and there is
// folded.
#include <algorithm>
#include <numeric>

#include "bench/debugger.h"
#include "service/node_backend.h"

namespace sluice::bench {
namespace {

// Every instance, page by page: now, or as it was at `coverage`. Returns the processor time.
Result<double> ListAll(const BenchOptions& options, service::NodeBackend& backend,
                       const Coverage* coverage) {
  service::ListQuery query;
  query.kind = "instance";
  query.limit = 500;  // as the command line asks
  if (coverage != nullptr) query.at.exact = FormatCoverage(*coverage);
  uint64_t listed = 0;
  const double began = OwnCpuSeconds();
  do {
    auto page = backend.List(query);
    if (!page) return Err(ErrorCode::kIo, "{}", page.error().message);
    listed += page->items.size();
    query.continue_token = page->continue_token;
  } while (!query.continue_token.empty() && !options.stop.stop_requested());
  if (listed < options.entities && !options.stop.stop_requested()) {
    return Err(ErrorCode::kCorruption, "{} of {} instances are listed", listed, options.entities);
  }
  return OwnCpuSeconds() - began;
}

// So many commands for every instance.
Result<void> ChangeAll(const BenchOptions& options, Node& node, DataSet& data, uint64_t times) {
  uint64_t left = options.entities * times;
  auto load = RunClosedLoop(
      node, options.in_flight,
      [&](uint64_t) -> std::optional<Command> {
        if (left == 0) return std::nullopt;
        --left;
        return data.Next();
      },
      {}, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  return {};
}

// What a list of the past costs more than one of now. Every instance has changed so many times
// since the snapshot, and once since then.
Result<Measurement> MeasureListAt(const BenchOptions& options, Node& node, DataSet& data,
                                  uint64_t times) {
  Measurement measured;
  measured.name = times == 1 ? "debugger/list-at-a-position"
                             : fmt::format("debugger/list-at-a-position-{}-each", times);
  measured.target = ">= 1000000 decisions replayed/s per core; count: us of a list of now, each";
  options.Say(measured.name);
  if (auto taken = node.snapshots().Take(); !taken) return tl::unexpected<Error>(taken.error());
  const std::vector<uint64_t> snapshot = EndSequences(node);
  if (auto changed = ChangeAll(options, node, data, times); !changed) {
    return tl::unexpected<Error>(changed.error());
  }
  const std::vector<uint64_t> then = EndSequences(node);
  if (auto changed = ChangeAll(options, node, data, 1); !changed) {
    return tl::unexpected<Error>(changed.error());
  }
  const Coverage coverage(then.begin(), then.end());
  service::NodeBackend backend(node, data.data_dir());
  const auto now = ListAll(options, backend, nullptr);
  if (!now) return tl::unexpected<Error>(now.error());
  const auto past = ListAll(options, backend, &coverage);
  if (!past) return tl::unexpected<Error>(past.error());
  const uint64_t replayed = std::accumulate(then.begin(), then.end(), uint64_t{0}) -
                            std::accumulate(snapshot.begin(), snapshot.end(), uint64_t{0});
  measured.per_s = static_cast<double>(replayed) / std::max(*past - *now, 1e-3);
  measured.count = *now * 1e6 / static_cast<double>(options.entities);
  measured.rss_bytes = ResidentBytes();
  return measured;
}

}  // namespace

Result<Measurements> MeasureListsAt(const BenchOptions& options, Node& node, DataSet& data) {
  Measurements all;
  for (const uint64_t times : {1, 10}) {
    auto listed = MeasureListAt(options, node, data, times);
    if (!listed) return tl::unexpected<Error>(listed.error());
    all.push_back(std::move(*listed));
  }
  return all;
}

}  // namespace sluice::bench
