#include "engine/journal/kafka/tests/kafka_broker.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "source_directory.h"

namespace sluice {
namespace {

std::string bootstrap;  // NOLINT: of the one broker of the process
int clusters = 0;       // NOLINT

std::filesystem::path Directory() {
  return std::filesystem::temp_directory_path() / ("sluice-kafka-" + std::to_string(getpid()));
}

}  // namespace

const std::string& KafkaBroker::Bootstrap() { return bootstrap; }

std::string KafkaBroker::FreshCluster() { return "test" + std::to_string(++clusters); }

std::string KafkaBroker::File(const std::string& name) { return Directory() / name; }

std::string KafkaBroker::Script(const std::string& words) {
  const std::string command = std::string(SLUICE_SOURCE_DIR) + "/scripts/kafka.sh " + words +
                              " --dir " + Directory().string();
  std::string last;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << command << " cannot be run";
    return last;
  }
  std::array<char, 512> line{};
  while (fgets(line.data(), line.size(), pipe) != nullptr) last = line.data();
  EXPECT_EQ(pclose(pipe), 0) << command;
  while (!last.empty() && last.back() == '\n') last.pop_back();
  return last;
}

void KafkaBroker::SetUp() {
  bootstrap = Script("start --brokers " + std::to_string(brokers_) + " " + more_ + " --owner " +
                     std::to_string(getpid()));
  ASSERT_NE(bootstrap.find(':'), std::string::npos) << "the broker did not start";
}

void KafkaBroker::TearDown() { Script("stop"); }

}  // namespace sluice
