#include <unistd.h>

#include <filesystem>
#include <ostream>

#include "bench/groups.h"
#include "bench/report.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"

namespace sluice::cli {
namespace {

struct BenchOptions {
  std::string group = "all";
  std::string form = "table";
  uint64_t seconds = 5;
  std::string data;
  std::string data_set;
  uint64_t entities = 100'000;
  uint64_t partitions = 2;
  uint64_t in_flight = 512;
  std::string kafka;
  std::string only;
};

Outcome<Exit> CheckOptions(const BenchOptions& options) {
  if (options.seconds == 0) return Fail(Exit::kBadInput, "--seconds must be at least 1");
  if (options.entities == 0) return Fail(Exit::kBadInput, "--entities must be at least 1");
  if (options.partitions == 0 || options.partitions > 1024) {
    return Fail(Exit::kBadInput, "--partitions must be between 1 and 1024");
  }
  if (options.in_flight == 0 || options.in_flight > 8192) {
    return Fail(Exit::kBadInput, "--in-flight must be between 1 and 8192");
  }
  return Exit::kDone;
}

Outcome<Exit> Bench(Session& session, const BenchOptions& options) {
  if (auto checked = CheckOptions(options); !checked) return checked;
  Environment& env = session.env();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  bench::BenchOptions run;
  run.time = Duration::Seconds(static_cast<int64_t>(options.seconds));
  run.data_dir = options.data;
  run.data_set = options.data_set;
  run.entities = options.entities;
  run.partitions = static_cast<uint32_t>(options.partitions);
  run.in_flight = options.in_flight;
  run.kafka = options.kafka;
  run.only = options.only;
  run.stop = env.stop;
  if (terminal) {
    run.progress = [&env](const std::string& what) { env.err << "\r\033[K" << what << std::flush; };
  }
  const auto measured = bench::RunGroups(run, options.group);
  if (terminal) env.err << "\r\033[K" << std::flush;
  if (!measured) {
    const Error& error = measured.error();
    return Fail(error.code == ErrorCode::kInvalid ? Exit::kBadInput : Exit::kUnavailable,
                "bench: {}", error.message);
  }
  if (options.form == "json") {
    env.out << bench::ReportJson(*measured);
    return Exit::kDone;
  }
  Table table(bench::ReportHeadings());
  for (const bench::Measurement& one : *measured) table.Add(bench::ReportCells(one));
  table.Print(env.out);
  return Exit::kDone;
}

}  // namespace

void DefineBench(CommandLine& line) {
  const auto options = std::make_shared<BenchOptions>();
  std::string groups;
  for (const std::string& name : bench::GroupNames()) groups += (groups.empty() ? "" : ", ") + name;
  const std::string help = groups + " [all]";
  Arguments verb =
      line.Verb("bench", "Loads a node in this process and compares it with yardsticks");
  verb.Word("GROUP", &options->group, help.c_str(), false)
      .Choice("-o,--output", &options->form, {"table", "json"}, "How to print [table]")
      .Number("--seconds", &options->seconds, "Of each measurement [5]")
      .Text("--data", &options->data, "Where a scratch directory is made [a temporary directory]")
      .Text("--data-set", &options->data_set,
            "Where the data set is made and stays for later runs, which copy it")
      .Number("--entities", &options->entities, "Instances loaded first [100000]")
      .Number("--partitions", &options->partitions, "Of the node [2]")
      .Number("--in-flight", &options->in_flight, "Commands in flight in closed loops [512]")
      .Text("--only", &options->only,
            "A part of the group. debugger: reads, verify, snapshots, list; kafka: exactly-once, "
            "latency, take-over, streams; planes: workload, rollout, servers, fairness, gate, pure")
      .Text("--kafka", &options->kafka, "Brokers for the group kafka [it starts one]")
      .Run([options](Session& session) { return Bench(session, *options); });
}

}  // namespace sluice::cli
