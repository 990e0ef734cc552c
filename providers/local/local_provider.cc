#include "providers/local/local_provider.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <random>

#include "providers/local/event_loop.h"
#include "providers/local/http_node_client.h"
#include "providers/local/instance_files.h"
#include "providers/local/provider.h"
#include "providers/local/supervisor.h"

namespace sluice {
namespace {

constexpr int kUnavailableExit = 3;

std::string RandomName() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

void StopAll(local::Supervisor& host, local::EventLoop& loop) {
  const auto runs = [](const local::ProcessStatus& status) {
    return status.state == local::ProcessState::kStarting ||
           status.state == local::ProcessState::kRunning ||
           status.state == local::ProcessState::kBackingOff ||
           status.state == local::ProcessState::kStopping;
  };
  for (const local::ProcessStatus& status : host.List()) {
    if (runs(status)) (void)host.Stop(status.id);
  }
  const auto any = [&] {
    for (const local::ProcessStatus& status : host.List()) {
      if (runs(status)) return true;
    }
    return false;
  };
  while (any()) loop.RunOne();
}

}  // namespace

Result<std::string> LocalProviderHolder(const std::filesystem::path& data_dir) {
  const std::filesystem::path path = data_dir / "local" / "holder";
  std::ifstream in(path);
  std::string holder;
  if (std::getline(in, holder) && !holder.empty()) return holder;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  holder = "local-" + RandomName();
  if (Result<void> written = local::WriteFileDurably(path, holder + "\n"); !written) {
    return tl::unexpected(written.error());
  }
  return holder;
}

Result<void> ServeLocalProvider(const LocalProviderOptions& options, std::stop_token stop) {
  local::EventLoop loop;
  local::SupervisorOptions supervisor_options;
  supervisor_options.data_dir = options.data_dir;
  supervisor_options.working_dir = options.working_dir;
  Result<std::unique_ptr<local::Supervisor>> host =
      local::Supervisor::Open(std::move(supervisor_options), loop, loop);
  if (!host) return tl::unexpected(host.error());
  Result<std::string> holder = LocalProviderHolder(options.data_dir);
  if (!holder) return tl::unexpected(holder.error());
  if (options.ready) options.ready();
  {
    local::HttpNodeClient node(options.server_url, loop);
    local::Provider provider({options.locations, *holder, *holder + "-" + RandomName()}, node, loop,
                             **host);
    const std::stop_callback on_stop(stop, [&loop] { loop.Stop(); });
    loop.Run();
  }
  if (options.stop_processes) {
    loop.Resume();
    StopAll(**host, loop);
  }
  return {};
}

int RunLocalProvider(const LocalProviderOptions& options, std::stop_token stop) {
  const Result<void> served = ServeLocalProvider(options, std::move(stop));
  if (served) return 0;
  spdlog::error("local provider: {}", served.error().message);
  return kUnavailableExit;
}

}  // namespace sluice
