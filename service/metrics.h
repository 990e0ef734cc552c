#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "service/backend.h"

namespace sluice::service {

// What the listener counts about itself. Any thread.
struct HttpCounters {
  std::array<std::atomic<uint64_t>, 6> responses{};  // by status / 100
  std::atomic<uint64_t> connections_open{0};
  std::atomic<uint64_t> connections_refused_total{0};
  std::atomic<uint64_t> streams_open{0};
};

// The Prometheus text form, version 0.0.4.
std::string RenderMetrics(const MetricsSnapshot& snapshot, const HttpCounters& http);

}  // namespace sluice::service
