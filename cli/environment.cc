#include "cli/environment.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>

#include "service/client/http_client.h"

namespace sluice::cli {
namespace {

std::string RandomId() {
  static std::random_device device;
  std::string id = "cli-";
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", device());
  return id;
}

Time SystemNow() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

void PauseUntil(Duration length, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, std::chrono::microseconds(length.us), [] { return false; });
}

}  // namespace

Environment RealEnvironment(std::stop_token stop) {
  return Environment{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .variable = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') return std::nullopt;
        return value;
      },
      .now = SystemNow,
      .pause = [stop](Duration length) { PauseUntil(length, stop); },
      .new_id = RandomId,
      .connect = [](const std::string& server) { return std::make_unique<HttpClient>(server); },
      .stop = stop,
  };
}

}  // namespace sluice::cli
