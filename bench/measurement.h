// What is measured, and how it is counted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/basic_types.h"

namespace sluice::bench {

// One line of the report. What a measurement does not have is absent.
struct Measurement {
  std::string name;  // begins with its group's: "embedded/512 in flight"
  std::optional<double> per_s = std::nullopt;
  std::optional<double> yardstick_per_s = std::nullopt;
  // per_s over yardstick_per_s; of latencies p99 over the yardstick's p99.
  std::optional<double> ratio = std::nullopt;
  std::optional<double> p50_us = std::nullopt;
  std::optional<double> p99_us = std::nullopt;
  std::optional<uint64_t> rss_bytes = std::nullopt;
  std::optional<double> bytes_per_decision = std::nullopt;
  // Of what the target's text says.
  std::optional<double> count = std::nullopt;
  std::string target = "";  // the ratio or rate wanted, as text; empty: none

  // Sets both rates and their ratio.
  void Compare(double own_per_s, double other_per_s) {
    per_s = own_per_s;
    yardstick_per_s = other_per_s;
    if (other_per_s > 0) ratio = own_per_s / other_per_s;
  }
};

using SteadyClock = std::chrono::steady_clock;

class Stopwatch {
 public:
  Duration Elapsed() const {
    return {
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start_).count()};
  }
  double Seconds() const {
    return std::chrono::duration<double>(SteadyClock::now() - start_).count();
  }

 private:
  SteadyClock::time_point start_ = SteadyClock::now();
};

// Not thread-safe.
class Latencies {
 public:
  void Add(double us) { samples_.push_back(static_cast<float>(us)); }
  void Append(const Latencies& other);
  size_t count() const { return samples_.size(); }
  // The value that a share of `q` of the samples does not exceed; 0 without samples.
  double Quantile(double q);

 private:
  std::vector<float> samples_;
};

// Processor time of this process's threads so far, in seconds.
double ProcessCpuSeconds();
// The part of it that RocksDB's flushes and compactions took: work that comes in lumps, for what
// was written long before.
double BackgroundCpuSeconds();
// What is left.
inline double OwnCpuSeconds() { return ProcessCpuSeconds() - BackgroundCpuSeconds(); }

// Memory of this process that is in RAM.
uint64_t ResidentBytes();

}  // namespace sluice::bench
