// WithheldTopics: what a producer was told it may not write to. The client keeps that for minutes
// and refuses records by it; it does not ask again by itself. Private to the rdkafka_*.cc files.
//
// Threadsafe. Asking takes a second at most, where the brokers do not answer.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace sluice::kafka {

class WithheldTopics {
 public:
  // Of a record that was refused: whether it is worth while to try again at once. The first refusal
  // of a topic may be old; then the brokers are asked.
  bool MayTryAgain(rd_kafka_t* handle, const std::string& topic, rd_kafka_resp_err_t error);
  // A record was not delivered.
  void Note(const std::string& topic, rd_kafka_resp_err_t error);
  // Asks for each of them, every so often; to be called again and again.
  void AskAgain(rd_kafka_t* handle);
  // One of them.
  std::optional<std::string> Any() const;

 private:
  using Clock = std::chrono::steady_clock;

  bool Has(const std::string& topic) const;
  // Whether the brokers say now that it may be used.
  bool Ask(rd_kafka_t* handle, const std::string& topic);

  mutable std::mutex mutex_;
  std::set<std::string> topics_;  // guarded by mutex_
  Clock::time_point asked_;       // of AskAgain's thread
};

}  // namespace sluice::kafka
