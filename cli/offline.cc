#include "cli/offline.h"

#include <unistd.h>

#include <filesystem>
#include <future>
#include <ostream>

#include "cli/build_info.h"
#include "engine/clock.h"
#include "engine/node.h"
#include "service/node_backend.h"
#include "service/router_api.h"

namespace sluice::cli {
namespace {

const SystemClock kOfflineClock;

// Shows how far reading the log is, where somebody looks.
Result<void> Recover(Node& node, Environment& environment) {
  auto recovered = std::async(std::launch::async, [&node] { return node.RecoverOnly(); });
  const bool terminal = isatty(STDERR_FILENO) != 0;
  bool shown = false;
  while (recovered.wait_for(std::chrono::milliseconds(terminal ? 200 : 3'600'000)) !=
         std::future_status::ready) {
    environment.err << "\r\033[K" << node.NotReadyReason() << std::flush;
    shown = true;
  }
  if (shown) environment.err << "\r\033[K" << std::flush;
  return recovered.get();
}

// The API over a node that decides nothing.
class OfflineApi final : public Api {
 public:
  OfflineApi(std::unique_ptr<Node> node, const std::string& directory, Environment& environment)
      : node_(std::move(node)),
        directory_(directory),
        environment_(environment),
        backend_(*node_, directory, service::ReadWhen::kAsItIs),
        router_(backend_, timers_, InProcessRouter()),
        api_(router_, "data directory " + directory) {}

  Result<HttpResponse> Call(const HttpRequest& request) override {
    // An expected target is asked for with POST, and is a read all the same.
    const bool reads = request.method == "GET" || request.target.starts_with("/resolve") ||
                       request.target.starts_with("/snapshots");
    if (!reads) {
      return Err(ErrorCode::kInvalid,
                 "{}: no node runs on it, so no command is taken: start one with 'sluice up --data "
                 "{}'",
                 address(), directory_);
    }
    if (auto recovered = RecoverFor(request); !recovered) {
      return tl::unexpected(recovered.error());
    }
    return api_.Call(request);
  }

  Result<StreamOutcome> Stream(const HttpRequest& request, const LineCallback& on_line,
                               std::stop_token stop) override {
    const bool ends = request.target.find("watch=true") == std::string::npos &&
                      request.target.find("follow=true") == std::string::npos;
    if (!ends) {
      return Err(ErrorCode::kInvalid, "{}: no node runs on it, so there is nothing to wait for",
                 address());
    }
    if (auto recovered = RecoverFor(request); !recovered) {
      return tl::unexpected(recovered.error());
    }
    return api_.Stream(request, on_line, std::move(stop));
  }

  std::string address() const override { return api_.address(); }

 private:
  // Projections are brought up to the log before they are read. What folds the log itself finds
  // them as they are, also where the log cannot be folded.
  Result<void> RecoverFor(const HttpRequest& request) {
    // Of snapshots only one that is taken shows the projections.
    const bool takes = request.method == "POST" && request.target == "/snapshots";
    if (request.target.starts_with("/snapshots") && !takes) return {};
    for (const char* verb : {"/debug/verify", "/debug/what-if", "/debug/export"}) {
      if (request.target.starts_with(verb)) return {};
    }
    if (recovered_) return {};
    auto recovered = Recover(*node_, environment_);
    if (!recovered) {
      return Err(recovered.error().code, "{}: {}; 'sluice --data {} verify' looks into it",
                 address(), recovered.error().message, directory_);
    }
    recovered_ = true;
    return {};
  }

  const std::unique_ptr<Node> node_;
  const std::string directory_;
  Environment& environment_;
  bool recovered_ = false;
  service::NodeBackend backend_;
  service::ThreadTimers timers_;
  service::Router router_;
  service::RouterApi api_;
};

Exit ExitOf(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kNotFound
             ? Exit::kBadInput
             : Exit::kUnavailable;
}

}  // namespace

service::RouterOptions InProcessRouter() {
  service::RouterOptions options;
  options.now_us = [] { return kOfflineClock.Now().us; };
  options.version = BuildVersion();
  return options;
}

Outcome<std::unique_ptr<Api>> OpenDataDirectory(const std::string& directory,
                                                Environment& environment) {
  std::error_code error;
  const std::filesystem::path data(directory);
  NodeOptions options;
  if (!std::filesystem::is_directory(data / "journal", error)) {
    // Of a node on Kafka: what it had read of the log.
    options.archive = std::filesystem::is_directory(data / "archive", error);
    if (!options.archive) {
      return Fail(Exit::kBadInput, "--data {}: there is no Sluice data{}", directory,
                  error ? ": " + error.message() : "");
    }
  }
  options.data_dir = directory;
  options.kinds = &BuiltinKinds();
  options.clock = &kOfflineClock;
  options.build = BuildVersion();
  options.on_fatal = [](const Error&) {};
  options.on_notice = [&environment](const std::string& notice) {
    environment.err << "sluice: " << notice << std::endl;
  };
  auto node = Node::Open(std::move(options));
  if (!node && node.error().code == ErrorCode::kUnavailable) {
    return Fail(Exit::kUnavailable, "--data {}: {}; ask that node (--server URL), or stop it first",
                directory, node.error().message);
  }
  if (!node && node.error().code == ErrorCode::kIo) {
    return Fail(Exit::kUnavailable, "--data {}: {}; reading needs a directory that can be written",
                directory, node.error().message);
  }
  if (!node) return Fail(ExitOf(node.error()), "--data {}: {}", directory, node.error().message);
  return std::make_unique<OfflineApi>(*std::move(node), directory, environment);
}

}  // namespace sluice::cli
