// Deliverer: puts records onto their partitions, in order, over as many producers as it takes.
//
// librdkafka's idempotent producer gives a record up for errors that a dying leader alone explains,
// and may be dead afterwards; and it may take a record for delivered that is not (docs/kafka.md,
// "Delivering commands"). So a record is kept here until the brokers have said its offset. One that
// the producer gave up is sent again, by a new producer where the former is dead, until the time
// for it is over. It may be on its topic twice then: only for records that are decided once.
//
// Order, per partition: a producer that has not been told an offset of it yet holds one record at a
// time; what was given up is sent again before anything behind it, once nothing else is under way.
// A record whose key has a later one on the topic already is not sent again, but told unknown.
//
// Threadsafe. `done` comes from a thread of its own, or within Send.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice::kafka {

class Deliverer {
 public:
  struct Record {
    std::string topic;
    uint32_t partition = 0;
    std::string key = {};
    Bytes payload = {};
    Headers headers = {};
    uint64_t ticket = 0;  // the user's, for on_again
    // Told once: the offset; or kUnavailable, and whether its outcome is unknown. Null: nobody.
    std::function<void(Result<uint64_t> offset)> done = {};
  };
  struct Options {
    Config config = {};  // of its producers
    size_t records_max = 16384;
    size_t bytes_max = size_t{64} << 20;
    Duration within = Duration::Seconds(30);  // or it is given up
    // Asked before a record is sent again, whose first copy may be decided meanwhile: false when it
    // is not wanted any more, and not told of then. Must not call this. Null: it is always.
    std::function<bool(Record&)> on_again = {};
    Hurry hurry = nullptr;
  };
  // kInvalid: a property librdkafka does not take.
  static Result<std::unique_ptr<Deliverer>> Make(Options options);
  // What is not told by then is not any more.
  ~Deliverer();

  // Waits while the queue is full, at most `patience`. kUnavailable: it still is; nothing was
  // taken.
  Result<void> Send(Record record, Duration patience = {});
  // Waits until it is told. Errors as `done`'s.
  Result<uint64_t> Deliver(Record record);
  // Waits until everybody is told.
  void Flush();
  // What is missing for anything to be taken at all; empty: nothing that is known.
  std::string Fault();

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    Record record;
    Clock::time_point until;
    bool handed = false;     // the producer has it
    bool again = false;      // a producer had it before, and gave it up
    bool overtaken = false;  // a later one of its key is on the topic
    bool told = false;       // and still with the producer
    std::string why = {};    // it was given up
  };
  using Entries = std::map<uint64_t, Entry>;  // by number, in order
  // A partition's.
  struct Lane {
    Entries entries;
    uint64_t next = 0;  // the first that is to be handed on
    size_t handed = 0;
    bool proven = false;  // an offset was told since its producer was made or something failed
    bool failed = false;  // something was given up: nothing is handed on until `handed` is 0
    Clock::time_point not_before = {};  // of what was given up
  };
  // What is to be told once the lock is released.
  using Told = std::vector<std::pair<std::function<void(Result<uint64_t>)>, Result<uint64_t>>>;

  explicit Deliverer(Options options);
  Result<std::unique_ptr<Producer>> MakeProducer();
  void Run();
  void Replace(std::unique_lock<std::mutex>& lock);
  void OnDelivered(uint64_t number, Result<uint64_t> offset);
  void Pump(Lane& lane, Told& told);
  void Take(Lane& lane, Entries::iterator at, Result<uint64_t> offset, Told& told);
  void GiveUp(Lane& lane, Entry& entry, Error why, Told& told);
  void Settle(Lane& lane);
  void TellOverdue(Lane& lane, Clock::time_point now, Told& told);
  void Erase(Lane& lane, Entries::iterator at);
  static void Tell(Entry& entry, Result<uint64_t> outcome, Told& told);
  static Result<uint64_t> Unknown(std::string_view why);
  void TellAll(Told& told);

  const Options options_;
  std::mutex mutex_;              // of all below
  std::condition_variable work_;  // for thread_
  std::condition_variable told_;  // something was
  std::map<std::pair<std::string, uint32_t>, std::unique_ptr<Lane>> lanes_;
  std::unordered_map<uint64_t, Lane*> open_;  // entries, by number
  size_t bytes_ = 0;
  size_t waiting_ = 0;  // records that are not told
  uint64_t next_number_ = 1;
  std::unique_ptr<Producer> producer_;  // null while it is replaced
  bool broken_ = false;                 // it is to be replaced
  bool stopping_ = false;
  std::thread thread_;  // replaces producers, sends again, and looks for what is overdue
};

}  // namespace sluice::kafka
