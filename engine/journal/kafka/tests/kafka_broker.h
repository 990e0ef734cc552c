// A real broker for one test binary: scripts/kafka.sh starts it on loopback, the end of the tests
// stops it.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace sluice {

class KafkaBroker : public ::testing::Environment {
 public:
  // `more`: further words for scripts/kafka.sh start.
  explicit KafkaBroker(int brokers = 1, std::string more = "")
      : brokers_(brokers), more_(std::move(more)) {}
  // Of the broker this binary started.
  static const std::string& Bootstrap();
  // A cluster name nobody else in this run has.
  static std::string FreshCluster();
  // A file that scripts/kafka.sh left beside the broker's data: "sasl.yaml".
  static std::string File(const std::string& name);
  // Runs scripts/kafka.sh with these words on this binary's broker; what it printed, last line.
  static std::string Script(const std::string& words);

  void SetUp() override;
  void TearDown() override;

 private:
  const int brokers_;
  const std::string more_;
};

}  // namespace sluice
