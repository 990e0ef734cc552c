// librdkafka behind small types of ours: only rdkafka_*.cc see its API and its error codes.
//
// Sources: librdkafka 2.0.2's rdkafka.h; what was tried with the broker is in docs/kafka.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice::kafka {

// librdkafka properties, as its CONFIGURATION.md names them.
using Config = std::map<std::string, std::string>;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Message {
  int64_t offset = 0;
  Time timestamp;
  Bytes payload;
  Headers headers;
};

struct TopicSpec {
  std::string name;
  int partitions = 1;
  int replication = 1;
  Config config;
};

// Error codes: kFenced for a producer that another has replaced, kUnavailable for what passes or is
// mended at the brokers, kInvalid for what this process's configuration must mend, kIo for the
// rest. The message names librdkafka's code and holds no secret.
//
// `hurry`, where a client takes one, outlives it; while it is set nothing waits long for brokers.
using Hurry = const std::atomic<bool>*;

// kInvalid: a property librdkafka does not know, or a value it does not take.
Result<void> CheckConfig(const Config& config);

// Topics. Threadsafe.
class Admin {
 public:
  static Result<std::unique_ptr<Admin>> Make(const Config& config, Hurry hurry = nullptr);
  ~Admin();
  // Partition count by topic; a topic that is not there is left out, one that may not be seen is an
  // error.
  Result<std::map<std::string, int>> PartitionCounts(const std::vector<std::string>& topics);
  // One that exists already is no error.
  Result<void> CreateTopics(const std::vector<TopicSpec>& topics);
  Result<std::map<std::string, std::string>> TopicConfig(const std::string& topic);
  // Members of a group and which partitions of its topic each has.
  struct Member {
    std::string client_id;
    std::vector<uint32_t> partitions;
  };
  Result<std::vector<Member>> Members(const std::string& group);
  // Everything below `before` goes.
  Result<void> DeleteRecords(const std::string& topic, uint32_t partition, uint64_t before);

 private:
  struct Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A producer; transactional when the config has a transactional.id. Produce and Flush may be called
// from any thread, the transaction calls from one.
class Producer {
 public:
  // Called, from this producer's own thread or within Commit, with the offset of a message that was
  // delivered, or why it was not. `opaque` is Produce's; of messages with 0 nothing is said. Of one
  // that is not transactional, here and from Produce, kUnavailable: nothing is wrong with the
  // message, it is to be sent again, by another producer where this one is dead, and may be on its
  // topic already; kInvalid: the brokers do not take it, and it is not there.
  using OnDelivered = std::function<void(uint64_t opaque, Result<uint64_t> offset)>;
  static Result<std::unique_ptr<Producer>> Make(const Config& config, OnDelivered on_delivered = {},
                                                Hurry hurry = nullptr);
  ~Producer();

  // Fences the producer that had the id before and settles its transaction.
  Result<void> InitTransactions(Duration timeout);
  // Asks for the topics' metadata, so that the first transaction does not wait for it.
  Result<void> Warm(const std::vector<std::string>& topics, Duration timeout);
  Result<void> Begin();
  // Waits while the queue is full, at most `timeout`.
  Result<void> Produce(const std::string& topic, uint32_t partition, std::string_view key,
                       std::string_view payload, const Headers& headers, uint64_t opaque,
                       Duration timeout);
  // kUnavailable, too, when the client took a message for delivered that may not be.
  Result<void> Commit(Duration timeout);
  // Waits until everything produced is delivered or failed.
  Result<void> Flush(Duration timeout);
  // Which topic the brokers withhold, and what is to be allowed; empty: none that is known. It is
  // asked for until it may be used. Of one that is not transactional. Threadsafe.
  std::string Fault() const;
  // Nothing it is told will succeed any more; make another.
  bool IsDead() const;
  // Waits, at most `settle`, for what is under way; the rest is told as not delivered.
  void GiveUp(Duration settle);

 private:
  struct Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads partitions given to it, outside any group. One thread; `on_ready` comes from others.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> Make(const Config& config, Hurry hurry = nullptr);
  ~Reader();

  struct Source {
    std::string topic;
    uint32_t partition = 0;
    uint64_t from = 0;
  };
  // Begins to read; each source is polled by its index.
  Result<void> Assign(const std::vector<Source>& sources);
  // The next message of a source, waiting at most `timeout`; nullopt: none. `*at_end`, if given, is
  // set when the end (of what is committed) was reached instead.
  Result<std::optional<Message>> Poll(size_t source, Duration timeout, bool* at_end = nullptr);
  // Records of a source that no Poll has returned, by the end the broker told with what it sent
  // last: those of a transaction under way count, and marks until it is known that nothing follows
  // them. nullopt: it sent nothing yet.
  std::optional<uint64_t> Waiting(size_t source) const;
  // Called when a source that was empty has something.
  void SetReady(std::function<void()> on_ready);

  struct Watermarks {
    uint64_t low = 0;
    uint64_t end = 0;  // the last stable offset: a committed record's is below
  };
  Result<Watermarks> QueryWatermarks(const std::string& topic, uint32_t partition,
                                     Duration timeout);

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A member of a consumer group, for what the group hands out of one topic's partitions; it reads
// none of their records. One thread, which also runs the callbacks, from Poll and the destructor.
class GroupMember {
 public:
  using Partitions = std::vector<uint32_t>;
  struct Listener {
    std::function<void(const Partitions&)> assigned;
    // They are handed on when it returns.
    std::function<void(const Partitions&)> revoked;
    // The group gave this member up; others may have them already.
    std::function<void(const Partitions&)> lost;
  };
  static Result<std::unique_ptr<GroupMember>> Make(const Config& config, const std::string& topic,
                                                   Listener listener);
  // Gives back what it has and leaves the group.
  ~GroupMember();
  // Takes part for `timeout`. An error is what the brokers said; most pass by themselves.
  Result<void> Poll(Duration timeout);

 private:
  struct Impl;
  explicit GroupMember(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::kafka
