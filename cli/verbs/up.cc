// `sluice up`: a node in this process. Assembles engine, projections, HTTP and the bundled
// provider.
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <iostream>
#include <ostream>
#include <set>
#include <thread>

#include "cli/build_info.h"
#include "cli/kafka_config.h"
#include "cli/session.h"
#include "cli/verbs/verbs.h"
#include "engine/node.h"
#include "providers/local/local_provider.h"
#include "providers/notify/notify_provider.h"
#include "service/node_backend.h"
#include "service/server.h"

namespace sluice::cli {
namespace {

struct UpOptions {
  std::string data = "./data";
  std::string listen = "127.0.0.1:7420";
  uint64_t partitions = 0;
  std::string provider = "local";
  std::string name;
  bool stop_processes = false;
  uint64_t snapshot_every = 1'000'000;
  Duration snapshot_interval{};
  uint64_t snapshot_keep = 4;
  KafkaFlags kafka;
};

// After a failed fsync nobody knows what the disk holds: the process ends at once, and the next one
// reads what is there.
[[noreturn]] void EndProcess(const Error& error) {
  std::cerr << "sluice up: the log cannot be written: " << error.message
            << "; ending, nothing acknowledged is lost" << std::endl;
  std::_Exit(static_cast<int>(Exit::kUnavailable));
}

// The brokers' topics are not the log any more that this process opened.
[[noreturn]] void EndOnKafka(const Error& error) {
  std::cerr << "sluice up: the log cannot be used any more: " << error.message << "; ending"
            << std::endl;
  std::_Exit(static_cast<int>(Exit::kUnavailable));
}

Exit ExitOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return Exit::kBadInput;
    case ErrorCode::kCorruption:
    case ErrorCode::kUnavailable:
    case ErrorCode::kFenced:
    case ErrorCode::kNotFound:
    case ErrorCode::kIo:
    case ErrorCode::kUnknownType:
      return Exit::kUnavailable;
  }
  Unreachable();
}

// What to do where the data directory cannot be opened.
std::string_view Remedy(const Error& error, const UpOptions& options) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
      return "; end that process, or give another --data";
    case ErrorCode::kInvalid:
      return options.partitions != 0 ? "; leave --partitions away" : "";
    case ErrorCode::kIo:
      return "; the directory must be writable, on a disk with room";
    case ErrorCode::kCorruption:
    case ErrorCode::kFenced:
    case ErrorCode::kNotFound:
    case ErrorCode::kUnknownType:
      return "";
  }
  Unreachable();
}

// Waits until every partition decides, showing how far reading the log is.
void AwaitReady(Session& session, const Node& node) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  std::string shown;
  while (!session.env().stop.stop_requested()) {
    const std::string reason = node.NotReadyReason();
    if (reason.empty()) break;
    if (terminal && reason != shown) session.env().err << "\r\033[K" << reason << std::flush;
    shown = reason;
    if (reason.find("has stopped") != std::string::npos) break;
    session.env().pause(Duration::Millis(20));
  }
  if (terminal && !shown.empty()) session.env().err << "\r\033[K" << std::flush;
}

// Says once of each partition that it stopped, until told to end.
void Serve(Session& session, const Node& node) {
  std::set<uint32_t> said;
  while (!session.env().stop.stop_requested()) {
    for (uint32_t partition = 0; partition < node.partition_count(); ++partition) {
      const RunnerStatus status = node.Status(partition);
      if (status.state == RunnerState::kStopped && said.insert(partition).second) {
        session.env().err << "sluice up: partition " << partition
                          << " has stopped: " << status.reason << std::endl;
      }
    }
    session.env().pause(Duration::Millis(500));
  }
}

std::string NameOf(const UpOptions& options, const service::ListenAddress& address) {
  if (!options.name.empty()) return options.name;
  char host[HOST_NAME_MAX + 1] = {};
  gethostname(host, sizeof host - 1);
  // A port that the system chooses is another each time: the process tells two nodes apart then.
  return fmt::format("{}-{}", host, address.port != 0 ? address.port : getpid());
}

Outcome<Exit> Up(Session& session, const UpOptions& options) {
  const auto address = service::ParseListenAddress(options.listen);
  if (!address) return Fail(Exit::kBadInput, "--listen: {}", address.error().message);

  const auto kafka = ReadKafka(session, options.kafka);
  if (!kafka) return Again(kafka.error());

  static const SystemClock clock;
  NodeOptions node_options;
  node_options.data_dir = options.data;
  node_options.partitions = static_cast<uint32_t>(options.partitions);
  node_options.kafka = *kafka;
  if (*kafka) node_options.warm = (*kafka)->warm;
  node_options.kinds = &BuiltinKinds();
  node_options.clock = &clock;
  node_options.node_name = NameOf(options, *address);
  node_options.build = BuildVersion();
  node_options.snapshots = {.every_decisions = options.snapshot_every,
                            .interval = options.snapshot_interval,
                            .keep = options.snapshot_keep};
  node_options.on_fatal = *kafka ? &EndOnKafka : &EndProcess;
  node_options.on_notice = [&session](const std::string& notice) {
    session.env().err << "sluice up: " << notice << std::endl;
  };
  auto node = Node::Open(std::move(node_options));
  if (!node && *kafka) {
    // The command line is in order: what stands against it is at the brokers.
    return Fail(Exit::kUnavailable, "cannot use cluster {} with {}: {}", (*kafka)->cluster,
                options.data, node.error().message);
  }
  if (!node) {
    return Fail(ExitOf(node.error()), "cannot use {}: {}{}", options.data, node.error().message,
                Remedy(node.error(), options));
  }
  if (*kafka && (*kafka)->replication < 2) {
    session.env().err
        << "sluice up: topics made now have one replica: what is acknowledged survives "
           "a crash of the broker's process, not the loss of its host or disk; use "
           "--replication 3 on a cluster of three"
        << std::endl;
  }
  service::NodeBackend backend(**node, options.data);
  service::ThreadTimers timers;
  service::RouterOptions router_options;
  router_options.now_us = [] { return clock.Now().us; };
  router_options.version = BuildVersion();
  if (const char* secret = std::getenv("GITHUB_WEBHOOK_SECRET")) {
    router_options.github_webhook_secret = secret;
  }
  service::Router router(backend, timers, router_options);
  auto server = service::Server::Start(router, *address);
  if (!server) {
    return Fail(Exit::kUnavailable, "{}; end what listens there, or give another --listen",
                server.error().message);
  }
  const std::string host =
      address->host.find(':') == std::string::npos ? address->host : "[" + address->host + "]";
  const std::string own_address = fmt::format("{}:{}", host, (*server)->port());
  if (auto started = (*node)->Start(own_address); !started) {
    return Fail(ExitOf(started.error()), "cannot take part: {}", started.error().message);
  }
  AwaitReady(session, **node);

  const std::string url = "http://" + own_address;
  std::jthread provider;
  std::jthread notify;
  if (options.provider == "local") {
    notify = std::jthread(
        [url](std::stop_token stop) { ServeNotifications({.server_url = url}, std::move(stop)); });
    LocalProviderOptions local;
    local.server_url = url;
    local.data_dir = options.data;
    local.stop_processes = options.stop_processes;
    provider = std::jthread([local](std::stop_token stop) { RunLocalProvider(local, stop); });
  }
  if (!session.env().stop.stop_requested()) {
    session.env().out << fmt::format(
                             "sluice {} is ready at {} (data {}, {} partitions, provider {})",
                             BuildVersion(), url, options.data, (*node)->partition_count(),
                             options.provider)
                      << std::endl;
  }
  Serve(session, **node);
  if (provider.joinable()) {
    provider.request_stop();
    notify.request_stop();
    provider.join();
    notify.join();
  }
  (*server)->Stop();
  (*node)->Stop();
  return Exit::kDone;
}

}  // namespace

void DefineUp(CommandLine& line) {
  const auto options = std::make_shared<UpOptions>();
  Arguments verb = line.Verb("up", "Runs a node: engine, projections, HTTP and the local provider");
  DefineKafkaFlags(verb, &options->kafka);
  verb.Text("--data", &options->data, "Where the log and the projections are [./data]")
      .Text("--listen", &options->listen, "Address and port of the HTTP API [127.0.0.1:7420]")
      .Number("--partitions", &options->partitions,
              "Of a new data directory [4]; refused when the data has another number")
      .Choice("--provider", &options->provider, {"local", "none"},
              "Who runs processes here [local]")
      .Number("--replication", &options->kafka.replication,
              "With --kafka: of topics that are to be made [1]")
      .Text("--warm", &options->kafka.warm,
            "With --kafka: of the partitions other nodes decide, how many it keeps ready to be "
            "read and taken over [all]")
      .Text("--name", &options->name, "This node's name in the log [HOST-PORT]")
      .Number("--snapshot-every", &options->snapshot_every,
              "Take a snapshot of the projections after so many decisions; 0: never [1000000]")
      .Length("--snapshot-interval", &options->snapshot_interval,
              "The same after that long, if anything was decided [0s: however long]")
      .Number("--snapshot-keep", &options->snapshot_keep, "How many snapshots stay; 0: all [4]")
      .Flag("--stop-processes", &options->stop_processes,
            "End the local provider's processes with the node; otherwise they run on");
  verb.Run([options](Session& session) { return Up(session, *options); });
}

}  // namespace sluice::cli
