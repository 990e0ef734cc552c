#include "bench/bare_fold.h"
#include "bench/groups.h"
#include "events/codec.h"
#include "projections/recovery.h"

namespace sluice::bench {
namespace {

// Records held in memory while their folding is measured.
constexpr size_t kBytesMax = size_t{512} << 20;

struct Log {
  uint32_t partition = 0;
  std::vector<Bytes> records;
};

Result<std::vector<Log>> ReadLogs(Node& node) {
  std::vector<Log> logs;
  size_t bytes = 0;
  for (uint32_t partition = 0; partition < node.partition_count(); ++partition) {
    Log log;
    log.partition = partition;
    auto read = node.journal().ReadEvents(partition, 0, [&](uint64_t, std::string_view record) {
      log.records.emplace_back(record);
      bytes += record.size();
      return bytes < kBytesMax * (partition + 1) / node.partition_count();
    });
    if (!read) return tl::unexpected<Error>(read.error());
    logs.push_back(std::move(log));
  }
  return logs;
}

size_t CountRecords(const std::vector<Log>& logs) {
  size_t count = 0;
  for (const Log& log : logs) count += log.records.size();
  return count;
}

// Decisions per second of processor time of `pass` over all logs, on this thread.
template <class Pass>
Result<double> Rate(const std::vector<Log>& logs, const Pass& pass) {
  const double began = ProcessCpuSeconds();
  for (const Log& log : logs) {
    if (auto passed = pass(log); !passed) return tl::unexpected<Error>(passed.error());
  }
  return static_cast<double>(CountRecords(logs)) / (ProcessCpuSeconds() - began);
}

Result<void> UnpackAll(const Log& log) {
  for (const Bytes& bytes : log.records) {
    const auto record = Unpack<LogRecord>(bytes);
    if (!record) return tl::unexpected<Error>(record.error());
  }
  return {};
}

Result<void> FoldAll(const Log& log) {
  BareFold fold(log.partition);
  for (const Bytes& bytes : log.records) {
    if (auto added = fold.Add(bytes); !added) return added;
  }
  return {};
}

Result<void> Rebuild(Node& node, const std::string& path, uint32_t partition, uint64_t* records) {
  StoreOptions store_options;
  store_options.path = path;
  store_options.partition = partition;
  store_options.kinds = &BuiltinKinds();
  auto store = PartitionStore::Open(std::move(store_options));
  if (!store) return tl::unexpected<Error>(store.error());
  const auto end = node.journal().EndSequence(partition);
  if (!end) return tl::unexpected<Error>(end.error());
  RecoveryOptions recovery;
  recovery.end_sequence = *end;
  recovery.read = [&](uint64_t from, const EventVisitor& visit) {
    return node.journal().ReadEvents(partition, from, visit);
  };
  const auto report = Recover(**store, recovery);
  if (!report) return tl::unexpected<Error>(report.error());
  *records += report->replayed;
  return {};
}

}  // namespace

Result<Measurements> RunReplay(const BenchOptions& options, DataSet& data) {
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  auto logs = ReadLogs(**node);
  if (!logs) return tl::unexpected<Error>(logs.error());

  Measurement fold;
  fold.name = "replay/fold-and-check-hashes";
  fold.target = ">= 1000000/s per core";
  options.Say(fold.name);
  const auto unpacked = Rate(*logs, UnpackAll);
  if (!unpacked) return tl::unexpected<Error>(unpacked.error());
  const auto folded = Rate(*logs, FoldAll);
  if (!folded) return tl::unexpected<Error>(folded.error());
  fold.Compare(*folded, *unpacked);
  logs->clear();

  Measurement rebuild;
  rebuild.name = "replay/rebuild-projections";
  rebuild.target = ">= 400000/s per core";
  options.Say(rebuild.name);
  uint64_t records = 0;
  const double began = ProcessCpuSeconds();
  for (uint32_t partition = 0; partition < (*node)->partition_count(); ++partition) {
    const std::string path = data.scratch().Path(fmt::format("rebuilt-{}", partition));
    auto rebuilt = Rebuild(**node, path, partition, &records);
    if (!rebuilt) return tl::unexpected<Error>(rebuilt.error());
  }
  const double seconds = ProcessCpuSeconds() - began;
  for (uint32_t partition = 0; partition < (*node)->partition_count(); ++partition) {
    data.scratch().Remove(fmt::format("rebuilt-{}", partition));
  }
  rebuild.Compare(static_cast<double>(records) / seconds, *unpacked);
  rebuild.rss_bytes = ResidentBytes();
  return Measurements{std::move(fold), std::move(rebuild)};
}

}  // namespace sluice::bench
