// KafkaClient: a user's side of a Kafka cluster. Puts commands straight onto their topic and finds
// what came of them on the events topic, by command id; no node is asked. One thread.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "engine/open_journal.h"
#include "events/envelope.gen.h"

namespace sluice {

class KafkaClient {
 public:
  // Decisions made from here on are seen. kNotFound: the cluster has no topics. kUnavailable,
  // kInvalid: as KafkaJournal::Open.
  static Result<std::unique_ptr<KafkaClient>> Open(const KafkaCluster& kafka);
  ~KafkaClient();

  // Hands a command (JSON that holds its id) to the client of the brokers. One that a dying broker
  // lost is sent again; the topic may have it twice then, and the last counts.
  Result<void> Send(const std::string& id, const std::string& entity,
                    std::string_view command_json);
  // Waits until the brokers have acknowledged everything sent: it is durable then as their settings
  // say, and will be decided. What was not acknowledged within half a minute is told, by id.
  using OnFailed = std::function<void(const std::string& id, const Error& why)>;
  void Flush(const OnFailed& on_failed);

  // Tells of each of the commands once: its result, and whether that is final or its reply had not
  // come in time. Returns when all are told, `at_most` has passed or `stop` is requested. A
  // repeated id is told with what the first of its commands got.
  using OnResult = std::function<void(const CommandResult& result, bool is_final)>;
  Result<void> Await(const std::vector<std::string>& ids, Duration at_most, std::stop_token stop,
                     const OnResult& on_result);

 private:
  struct Impl;
  explicit KafkaClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
