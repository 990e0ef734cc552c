// The program around the region: its directory, its thread, its requests.
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <sstream>

#include "providers/local/event_loop.h"
#include "providers/local/http_node_client.h"
#include "providers/local/instance_files.h"
#include "providers/region/control.h"
#include "providers/region/region_provider.h"

namespace sluice::region {
namespace {

namespace fs = std::filesystem;

constexpr Micros kRequestsEvery{100'000};

std::string RandomName() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

// Held while the region is simulated, so that there is one of it.
class DirectoryLock {
 public:
  explicit DirectoryLock(const fs::path& path)
      : fd_(open((path / "lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {}
  ~DirectoryLock() {
    if (fd_ >= 0) close(fd_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  bool held() const { return fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int fd_;
};

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<std::string> HolderOf(const fs::path& directory) {
  const fs::path path = directory / "holder";
  std::string holder = ReadAll(path);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  if (!holder.empty()) return holder;
  holder = "region-" + RandomName();
  if (auto written = local::WriteFileDurably(path, holder + "\n"); !written) {
    return tl::unexpected(written.error());
  }
  return holder;
}

// Takes requests every so often, as long as it lives.
class RequestTaker {
 public:
  RequestTaker(SimulatedRegion& region, fs::path data_dir, Scheduler& scheduler)
      : region_(region), data_dir_(std::move(data_dir)), timer_(scheduler) {
    Take();
  }

 private:
  void Take() {
    TakeRequests(region_, data_dir_);
    timer_.Arm(kRequestsEvery, [this] { Take(); });
  }

  SimulatedRegion& region_;
  const fs::path data_dir_;
  ScopedTimer timer_;
};

}  // namespace

Result<void> ServeRegionProvider(const RegionProviderOptions& options, std::stop_token stop) {
  const fs::path directory = options.data_dir / "region";
  std::error_code error;
  fs::create_directories(directory / "requests", error);
  if (error) return Err(ErrorCode::kIo, "{}: {}", directory.string(), error.message());
  const DirectoryLock lock(directory);
  if (!lock.held()) {
    return Err(ErrorCode::kUnavailable, "{}: another region runs there", directory.string());
  }
  const Result<std::string> holder = HolderOf(directory);
  if (!holder) return tl::unexpected(holder.error());

  local::EventLoop loop;
  SimulatedRegion region(options.region, loop);
  const fs::path state = directory / "state.json";
  if (const std::string text = ReadAll(state); !text.empty()) {
    if (auto loaded = region.Load(text); !loaded) return loaded;
  }
  for (const FaultRule& rule : options.faults) region.faults().Add(rule);
  if (options.ready) options.ready();
  {
    local::HttpNodeClient node(options.server_url, loop);
    RegionProvider provider(options.locations, *holder, *holder + "-" + RandomName(), node, loop,
                            region);
    // What is told was written down before, so that no restart takes it back.
    provider.on_change = [&] {
      if (auto written = local::WriteFileDurably(state, region.Save()); !written) {
        spdlog::error("region: {}", written.error().message);
      }
    };
    const RequestTaker requests(region, options.data_dir, loop);
    const std::stop_callback on_stop(stop, [&loop] { loop.Stop(); });
    loop.Run();
  }
  return {};
}

}  // namespace sluice::region
