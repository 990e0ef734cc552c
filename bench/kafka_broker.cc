#include "bench/kafka_broker.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "source_directory.h"

namespace sluice::bench {

Broker::Broker(std::string given, std::string directory)
    : bootstrap_(std::move(given)), directory_(std::move(directory)) {
  if (!bootstrap_.empty()) return;
  started_ = true;
  bootstrap_ = Script("start --owner " + std::to_string(getpid()));
}

Broker::~Broker() {
  if (started_) Script("stop");
}

std::string Broker::Script(const std::string& words) const {
  const std::string command = std::string(SLUICE_SOURCE_DIR) + "/scripts/kafka.sh " + words +
                              " --dir " + directory_ + " 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  std::string last;
  std::array<char, 512> line{};
  while (pipe && fgets(line.data(), line.size(), pipe.get()) != nullptr) last = line.data();
  while (!last.empty() && last.back() == '\n') last.pop_back();
  return last;
}

}  // namespace sluice::bench
