#include "bench/measurement.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::bench {

void Latencies::Append(const Latencies& other) {
  samples_.insert(samples_.end(), other.samples_.begin(), other.samples_.end());
}

double Latencies::Quantile(double q) {
  if (samples_.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(samples_.size())));
  const size_t at = std::clamp<size_t>(rank, 1, samples_.size()) - 1;
  const auto nth = samples_.begin() + static_cast<std::ptrdiff_t>(at);
  std::nth_element(samples_.begin(), nth, samples_.end());
  return static_cast<double>(*nth);
}

double ProcessCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double BackgroundCpuSeconds() {
  double seconds = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (!name.starts_with("rocksdb:")) continue;
    double nanoseconds = 0;  // first in schedstat, as in proc(5)
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    seconds += nanoseconds * 1e-9;
  }
  return seconds;
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages_total = 0;
  uint64_t pages_resident = 0;
  statm >> pages_total >> pages_resident;
  return pages_resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace sluice::bench
