#include "bench/query_http.h"

#include <mutex>
#include <random>
#include <thread>

#include "bench/workload.h"
#include "service/client/http_client.h"
#include "service/node_backend.h"
#include "service/server.h"

namespace sluice::bench {
namespace {

constexpr size_t kConnections = 8;

struct HttpLoad {
  std::mutex mutex;
  Latencies latencies;
  std::optional<Error> error;
};

// One connection's requests until `end`.
template <class Target>
void Request(const BenchOptions& options, const std::string& server, uint64_t seed,
             const Target& target, HttpLoad* load) {
  HttpClient client(server);
  std::mt19937_64 random(seed);
  Latencies latencies;
  std::optional<Error> error;
  const Stopwatch watch;
  while (!error && watch.Elapsed() < options.time && !options.stop.stop_requested()) {
    const Stopwatch each;
    const auto response = client.Call({.target = target(random())});
    if (!response) {
      error = response.error();
    } else if (!response->ok()) {
      error = Error{ErrorCode::kInvalid,
                    fmt::format("answered {}: {}", response->status, response->body)};
    }
    latencies.Add(each.Seconds() * 1e6);
  }
  const std::lock_guard lock(load->mutex);
  load->latencies.Append(latencies);
  if (error && !load->error) load->error = error;
}

template <class Target>
Result<double> Rate(const BenchOptions& options, const std::string& server, const Target& target,
                    Latencies* latencies) {
  HttpLoad load;
  const Stopwatch watch;
  {
    std::vector<std::jthread> connections;
    for (size_t i = 0; i < kConnections; ++i) {
      connections.emplace_back([&, i] { Request(options, server, i, target, &load); });
    }
  }
  if (load.error) return tl::unexpected<Error>(*load.error);
  *latencies = std::move(load.latencies);
  return static_cast<double>(latencies->count()) / watch.Seconds();
}

}  // namespace

Result<Measurement> MeasureHttp(const BenchOptions& options, Node& node,
                                const std::string& data_dir) {
  Measurement measured;
  measured.name = fmt::format("query/point-http-{}-connections", kConnections);
  options.Say(measured.name);
  service::NodeBackend backend(node, data_dir);
  service::ThreadTimers timers;
  service::RouterOptions router_options;
  router_options.now_us = [&node] { return node.options().clock->Now().us; };
  service::Router router(backend, timers, router_options);
  auto server = service::Server::Start(router, {.host = "127.0.0.1", .port = 0});
  if (!server) return Err(ErrorCode::kUnavailable, "{}", server.error().message);
  const std::string url = fmt::format("http://127.0.0.1:{}", (*server)->port());

  Latencies latencies;
  const auto objects = Rate(
      options, url,
      [&](uint64_t random) {
        const auto key = ParseEntityKey(InstanceKey(random % options.entities));
        return fmt::format("/apis/sluice.dev/v1/namespaces/{}/instances/{}", key->namespace_,
                           key->name);
      },
      &latencies);
  if (!objects) return tl::unexpected<Error>(objects.error());
  Latencies ignored;
  const auto health = Rate(
      options, url, [](uint64_t) { return std::string("/healthz"); }, &ignored);
  if (!health) return tl::unexpected<Error>(health.error());
  (*server)->Stop();
  measured.Compare(*objects, *health);
  measured.p50_us = latencies.Quantile(0.5);
  measured.p99_us = latencies.Quantile(0.99);
  return measured;
}

}  // namespace sluice::bench
