// The client of the quickstart: sends requests, one after the other, to what `resolve` names, until
// SIGTERM or SIGINT; then says what it saw and exits 1 if any was not answered, if the revisions
// did not come in the expected order, or if a revision ran twice.
//
// It does what a proxy in front of Sluice would do. It asks the node before every request; while
// the node does not answer, the last address stays good. A request that meets a server on its way
// out is sent again, to where `resolve` points then, and counted; it fails when that goes on for
// too long.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "examples/quickstart/process_watch.h"
#include "service/client/http_client.h"

namespace {

using std::chrono::steady_clock;

struct Options {
  std::string server = "http://127.0.0.1:7420";
  std::string binding = "default/web";
  uint16_t port = 8080;
  std::string program;
  std::vector<std::string> expected;
  uint64_t patience_ms = 3000;
};

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

class Prober {
 public:
  explicit Prober(const Options& options) : options_(options), node_(options.server) {}

  // Returns after the signal. Progress goes to stdout as it happens.
  void Run() {
    while (!stop_requested) {
      Resolve();
      if (address_.empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        continue;
      }
      const std::optional<std::string> revision = SendUntilAnswered();
      ++requests_;
      if (!revision) {
        ++failures_;
        std::printf("  load: request %lu to %s FAILED: %s\n", requests_, address_.c_str(),
                    last_error_.c_str());
      } else if (answers_.empty() || answers_.back().first != *revision) {
        answers_.emplace_back(*revision, 1);
        std::printf("  load: from request %lu on, %s answers\n", requests_, revision->c_str());
      } else {
        ++answers_.back().second;
      }
      std::fflush(stdout);
      std::this_thread::sleep_for(kBetween);
    }
  }

  // Prints the summary; false when something was not as it should be.
  bool Report(const std::map<std::string, int>& processes) const {
    std::printf(
        "  load: %lu requests, %lu failed, %lu sent again to a newer address, %lu while the "
        "node was down\n",
        requests_, failures_, retries_, unresolved_);
    std::string order;
    std::vector<std::string> seen;
    for (const auto& [revision, count] : answers_) {
      order += (order.empty() ? "" : ", then ") + revision + " " + std::to_string(count) + " times";
      seen.push_back(revision);
    }
    std::printf("  load: answered by %s\n", order.c_str());
    bool is_good = requests_ > 0 && failures_ == 0;
    if (!options_.expected.empty() && seen != options_.expected) {
      std::printf("  load: NOT the expected order of revisions\n");
      is_good = false;
    }
    for (const auto& [revision, count] : processes) {
      if (count == 1) continue;
      std::printf("  load: %d processes of %s ran at once\n", count, revision.c_str());
      is_good = false;
    }
    if (!processes.empty() && is_good) {
      std::printf("  load: never two processes of one revision, of %zu revisions\n",
                  processes.size());
    }
    return is_good;
  }

 private:
  // Leaves the cores to the node: this is a client, not a benchmark.
  static constexpr std::chrono::milliseconds kBetween{1};

  void Resolve() {
    const auto response = node_.Call(
        {.target = "/resolve/" + options_.binding, .timeout = sluice::Duration::Millis(500)});
    if (!response || !response->ok()) {
      if (!address_.empty()) ++unresolved_;
      return;
    }
    const auto body = nlohmann::json::parse(response->body, nullptr, false);
    if (!body.is_object()) return;
    const auto addresses = body.value("addresses", nlohmann::json::array());
    if (addresses.empty()) return;  // Nothing active now: what served may still do.
    const auto& first = addresses.front();
    const std::string address =
        first.is_object() ? first.value("address", "") : first.get<std::string>();
    if (!address.empty()) address_ = address;
  }

  std::optional<std::string> SendUntilAnswered() {
    const auto give_up = steady_clock::now() + std::chrono::milliseconds(options_.patience_ms);
    while (true) {
      // A connection of its own, as from a client that comes for the first time.
      sluice::HttpClient client("http://" + address_ + ":" + std::to_string(options_.port));
      const auto response = client.Call({.target = "/",
                                         .headers = {{"Connection", "close"}},
                                         .timeout = sluice::Duration::Seconds(1)});
      if (response && response->ok()) {
        std::string body = response->body;
        while (!body.empty() && body.back() == '\n') body.pop_back();
        return body;
      }
      last_error_ =
          response ? "status " + std::to_string(response->status) : response.error().message;
      if (steady_clock::now() >= give_up) return std::nullopt;
      ++retries_;
      Resolve();
    }
  }

  const Options& options_;
  sluice::HttpClient node_;
  std::string address_;  // The last that was resolved; empty before.
  std::string last_error_;
  uint64_t requests_ = 0;
  uint64_t failures_ = 0;
  uint64_t retries_ = 0;
  uint64_t unresolved_ = 0;
  std::vector<std::pair<std::string, uint64_t>> answers_;  // Revision and how often, in order.
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Sends requests to what a binding resolves to, and counts what is answered"};
  app.add_option("--server", options.server, "The Sluice node");
  app.add_option("--binding", options.binding, "NAMESPACE/NAME");
  app.add_option("--port", options.port, "Port of the instances");
  app.add_option("--watch-program", options.program, "Count the processes of this executable, too")
      ->check(CLI::ExistingFile);
  app.add_option("--expect", options.expected, "The revisions that are to answer, in order")
      ->delimiter(',');
  app.add_option("--patience", options.patience_ms, "Time after which a request has failed")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, uint64_t>{{"ms", 1}, {"s", 1000}}));
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGTERM, [](int) { stop_requested = true; });
  std::signal(SIGINT, [](int) { stop_requested = true; });
  std::optional<ProcessWatch> watch;
  if (!options.program.empty()) watch.emplace(std::filesystem::canonical(options.program));
  Prober prober(options);
  prober.Run();
  return prober.Report(watch ? watch->most() : std::map<std::string, int>{}) ? 0 : 1;
}
