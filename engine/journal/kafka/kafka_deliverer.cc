#include "engine/journal/kafka/kafka_deliverer.h"

#include <algorithm>
#include <future>

namespace sluice::kafka {
namespace {

// Before a record that was given up is sent again, and before a producer that could not be made.
constexpr std::chrono::milliseconds kAgainAfter{100};
// How often overdue records are looked for while there are any.
constexpr std::chrono::milliseconds kOverdueEvery{250};
// How long a dead producer's requests may still be answered before they are given up.
constexpr Duration kSettleMax = Duration::Seconds(2);

size_t SizeOf(const Deliverer::Record& record) { return record.payload.size() + record.key.size(); }

std::chrono::microseconds Micros(Duration duration) {
  return std::chrono::microseconds(duration.us);
}

}  // namespace

Deliverer::Deliverer(Options options) : options_(std::move(options)) {}

Result<std::unique_ptr<Deliverer>> Deliverer::Make(Options options) {
  std::unique_ptr<Deliverer> deliverer(new Deliverer(std::move(options)));
  auto producer = deliverer->MakeProducer();
  if (!producer) return tl::unexpected<Error>(std::move(producer.error()));
  deliverer->producer_ = std::move(*producer);
  deliverer->thread_ = std::thread([raw = deliverer.get()] { raw->Run(); });
  return deliverer;
}

Deliverer::~Deliverer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
  producer_.reset();  // Its thread tells of deliveries.
}

Result<std::unique_ptr<Producer>> Deliverer::MakeProducer() {
  Config config = options_.config;
  config["enable.idempotence"] = "true";
  config.merge(
      Config{{"message.timeout.ms", std::to_string(options_.within.us / 1000)},
             // Of a batch without a place the offsets count up from -1001.
             {"batch.num.messages", "1000"},
             {"queue.buffering.max.messages", std::to_string(options_.records_max)},
             {"queue.buffering.max.kbytes", std::to_string(options_.bytes_max / 1024 + 1024)}});
  return Producer::Make(
      config,
      [this](uint64_t number, Result<uint64_t> offset) { OnDelivered(number, std::move(offset)); },
      options_.hurry);
}

Result<void> Deliverer::Send(Record record, Duration patience) {
  const size_t size = SizeOf(record);
  Told told;
  {
    std::unique_lock lock(mutex_);
    const auto fits = [&] {
      return open_.empty() ||
             (open_.size() < options_.records_max && bytes_ + size <= options_.bytes_max);
    };
    if (!told_.wait_for(lock, Micros(patience), fits)) {
      return Err(ErrorCode::kUnavailable,
                 "the queue of commands to the brokers is full; nothing was recorded, try again");
    }
    auto& lane = lanes_[{record.topic, record.partition}];
    if (!lane) lane = std::make_unique<Lane>();
    const uint64_t number = next_number_++;
    if (open_.empty()) work_.notify_all();
    open_.emplace(number, lane.get());
    ++waiting_;
    bytes_ += size;
    lane->entries.emplace(number, Entry{std::move(record), Clock::now() + Micros(options_.within)});
    Pump(*lane, told);
  }
  TellAll(told);
  return {};
}

Result<uint64_t> Deliverer::Deliver(Record record) {
  const auto outcome = std::make_shared<std::promise<Result<uint64_t>>>();
  record.done = [outcome](Result<uint64_t> offset) { outcome->set_value(std::move(offset)); };
  if (auto sent = Send(std::move(record), options_.within); !sent) {
    return tl::unexpected<Error>(std::move(sent.error()));
  }
  return outcome->get_future().get();
}

void Deliverer::Flush() {
  std::unique_lock lock(mutex_);
  told_.wait(lock, [&] { return waiting_ == 0; });
}

std::string Deliverer::Fault() {
  const std::lock_guard lock(mutex_);
  return producer_ ? producer_->Fault() : "";
}

// Hands on what may be.
void Deliverer::Pump(Lane& lane, Told& told) {
  while (producer_ && !broken_ && !lane.failed && (lane.proven || lane.handed == 0)) {
    const auto at = lane.entries.lower_bound(lane.next);
    if (at == lane.entries.end()) return;
    Entry& entry = at->second;
    if (entry.again) {
      if (Clock::now() < lane.not_before) return;
      if (entry.overtaken) {
        Tell(entry, Unknown("a later command of its entity is on the topic already"), told);
        Erase(lane, at);
        continue;
      }
      if (options_.on_again && !options_.on_again(entry.record)) {
        Erase(lane, at);
        continue;
      }
    }
    const Record& record = entry.record;
    lane.next = at->first + 1;
    entry.handed = true;
    ++lane.handed;
    auto handed = producer_->Produce(record.topic, record.partition, record.key, record.payload,
                                     record.headers, at->first, Duration{});
    if (!handed) Take(lane, at, tl::unexpected<Error>(std::move(handed.error())), told);
  }
}

void Deliverer::OnDelivered(uint64_t number, Result<uint64_t> offset) {
  Told told;
  {
    const std::lock_guard lock(mutex_);
    const auto open = open_.find(number);
    if (open == open_.end()) return;
    Lane& lane = *open->second;
    Take(lane, lane.entries.find(number), std::move(offset), told);
    Pump(lane, told);
  }
  TellAll(told);
}

// What became of a record that the producer had.
void Deliverer::Take(Lane& lane, Entries::iterator at, Result<uint64_t> offset, Told& told) {
  Entry& entry = at->second;
  entry.handed = false;
  --lane.handed;
  if (offset) {
    lane.proven = !lane.failed;
    for (auto earlier = lane.entries.begin(); earlier != at; ++earlier) {
      Entry& former = earlier->second;
      if (!entry.record.key.empty() && former.record.key == entry.record.key) {
        former.overtaken = true;
      }
    }
    Tell(entry, std::move(offset), told);
  } else {
    GiveUp(lane, entry, std::move(offset.error()), told);
  }
  if (entry.told) Erase(lane, at);
  if (lane.failed && lane.handed == 0) Settle(lane);
}

// The producer gave it up.
void Deliverer::GiveUp(Lane& lane, Entry& entry, Error why, Told& told) {
  lane.proven = false;
  if (producer_ && producer_->IsDead()) {
    broken_ = true;
    work_.notify_all();
  }
  if (why.code == ErrorCode::kInvalid) {
    Tell(entry,
         entry.again ? Unknown(why.message)
                     : Err(ErrorCode::kUnavailable, "{}; nothing was recorded", why.message),
         told);
    return;
  }
  lane.failed = true;
  entry.again = true;
  entry.why = std::move(why.message);
}

// Nothing of the partition is under way: what is left is to be sent, in order.
void Deliverer::Settle(Lane& lane) {
  lane.failed = false;
  lane.proven = false;
  lane.next = 0;
  lane.not_before = Clock::now() + kAgainAfter;
}

void Deliverer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stopping_ || broken_ || !open_.empty(); });
    // A producer that dies at once is not replaced at once.
    const auto woken = [&] { return stopping_ || (broken_ && producer_); };
    work_.wait_for(lock, kOverdueEvery, woken);
    if (stopping_) return;
    if (producer_ && producer_->IsDead()) broken_ = true;
    if (broken_) Replace(lock);
    Told told;
    const auto now = Clock::now();
    for (auto& [place, lane] : lanes_) {
      TellOverdue(*lane, now, told);
      Pump(*lane, told);
    }
    lock.unlock();
    TellAll(told);
    lock.lock();
  }
}

void Deliverer::Replace(std::unique_lock<std::mutex>& lock) {
  if (std::unique_ptr<Producer> former = std::move(producer_)) {
    // What it is still told of is not sent again.
    lock.unlock();
    former->GiveUp(kSettleMax);
    former.reset();
    lock.lock();
  }
  for (auto& [place, lane] : lanes_) {
    for (auto at = lane->entries.begin(); at != lane->entries.end();) {
      const auto left = at++;
      Entry& entry = left->second;
      if (!std::exchange(entry.handed, false)) continue;
      entry.again = true;
      if (entry.told) Erase(*lane, left);
    }
    lane->handed = 0;
    Settle(*lane);
  }
  auto made = MakeProducer();
  if (!made) return;  // It is tried again.
  producer_ = std::move(*made);
  broken_ = false;
}

void Deliverer::TellOverdue(Lane& lane, Clock::time_point now, Told& told) {
  for (auto at = lane.entries.begin(); at != lane.entries.end() && at->second.until <= now;) {
    const auto overdue = at++;
    Entry& entry = overdue->second;
    if (entry.again || entry.handed) {
      Tell(entry, Unknown(entry.why.empty() ? "Kafka: not acknowledged in time" : entry.why), told);
    } else {
      Tell(entry,
           Err(ErrorCode::kUnavailable,
               "Kafka: the brokers took no commands in time; nothing was recorded, try again"),
           told);
    }
    if (!entry.handed) Erase(lane, overdue);
  }
}

void Deliverer::Erase(Lane& lane, Entries::iterator at) {
  bytes_ -= SizeOf(at->second.record);
  open_.erase(at->first);
  if (!at->second.told) --waiting_;
  lane.entries.erase(at);
  told_.notify_all();
}

void Deliverer::Tell(Entry& entry, Result<uint64_t> outcome, Told& told) {
  if (std::exchange(entry.told, true)) return;
  told.emplace_back(std::move(entry.record.done), std::move(outcome));
}

Result<uint64_t> Deliverer::Unknown(std::string_view why) {
  return Err(ErrorCode::kUnavailable, "{}; its outcome is unknown: send it again under the same id",
             why);
}

void Deliverer::TellAll(Told& told) {
  if (told.empty()) return;
  for (auto& [done, outcome] : told) {
    if (done) done(std::move(outcome));
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_ -= told.size();
  }
  told_.notify_all();
}

}  // namespace sluice::kafka
