// Journals on the real broker of this test binary, each test in a cluster of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "engine/clock.h"
#include "engine/journal/kafka/kafka_journal.h"
#include "engine/journal/kafka/tests/kafka_broker.h"

namespace sluice {

// A node's directory that goes with the test.
class TempDirectory {
 public:
  TempDirectory()
      : path_(std::filesystem::temp_directory_path() /
              ("sluice-archive-" + std::to_string(getpid()) + "-" + std::to_string(++count_))) {
    std::filesystem::create_directories(path_);
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string Sub(const std::string& name) const { return (path_ / name).string(); }

 private:
  static inline int count_ = 0;
  std::filesystem::path path_;
};

inline KafkaOptions OptionsFor(const std::string& cluster, const std::string& archive,
                               uint32_t partitions) {
  static const SystemClock clock;
  KafkaOptions options;
  options.bootstrap = KafkaBroker::Bootstrap();
  options.cluster = cluster;
  options.partitions = partitions;
  options.archive_path = archive;
  options.clock = &clock;
  return options;
}

class KafkaJournalTest : public ::testing::Test {
 protected:
  std::unique_ptr<KafkaJournal> Open(const std::string& archive, uint32_t partitions = 1) {
    auto opened = KafkaJournal::Open(OptionsFor(cluster_, directory_.Sub(archive), partitions));
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return nullptr;
    }
    return std::move(*opened);
  }
  TempDirectory directory_;
  const std::string cluster_ = KafkaBroker::FreshCluster();
};

}  // namespace sluice
