#include "bench/kafka_probe.h"

#include <sys/prctl.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace sluice::bench {
namespace {

using TimePoint = SteadyClock::time_point;

constexpr Duration kPatience = Duration::Seconds(10);
// A wake-up that is missed costs no more.
constexpr std::chrono::milliseconds kLook{2};
constexpr std::chrono::milliseconds kSlice{100};

class Probing {
 public:
  explicit Probing(const Probe& probe) : probe_(probe), waiting_(probe.partitions) {}
  ~Probing() {
    if (reader_) reader_->SetReady(nullptr);
  }

  Result<void> Open() {
    auto producer = kafka::Producer::Make({{"bootstrap.servers", probe_.bootstrap},
                                           {"enable.idempotence", "true"},
                                           {"linger.ms", "0"}});
    if (!producer) return tl::unexpected<Error>(producer.error());
    producer_ = std::move(*producer);
    auto reader = kafka::Reader::Make({{"bootstrap.servers", probe_.bootstrap},
                                       {"group.id", "probe"},
                                       {"enable.auto.commit", "false"},
                                       {"isolation.level", "read_committed"},
                                       {"fetch.wait.max.ms", "100"}});
    if (!reader) return tl::unexpected<Error>(reader.error());
    reader_ = std::move(*reader);
    std::vector<kafka::Reader::Source> sources;
    for (uint32_t partition = 0; partition < probe_.partitions; ++partition) {
      const auto marks = reader_->QueryWatermarks(probe_.output, partition, Duration::Seconds(30));
      if (!marks) return tl::unexpected<Error>(marks.error());
      sources.push_back({probe_.output, partition, marks->end});
      // Of a topic that was just made: its leaders are there now.
      const auto input = reader_->QueryWatermarks(probe_.input, partition, Duration::Seconds(30));
      if (!input) return tl::unexpected<Error>(input.error());
    }
    if (auto assigned = reader_->Assign(sources); !assigned) return assigned;
    reader_->SetReady([this] {
      const std::lock_guard lock(mutex_);
      ready_ = true;
      some_.notify_one();
    });
    return producer_->Warm({probe_.input}, Duration::Seconds(30));
  }

  Result<void> Send(TimePoint since) {
    const ProbeRecord record = probe_.next();
    waiting_[record.partition].push_back(since);
    ++open_;
    return producer_->Produce(probe_.input, record.partition, record.key, record.payload, {}, 0,
                              Duration::Seconds(10));
  }

  // Takes what has come; waits for something until `until`.
  Result<void> Receive(TimePoint until) {
    for (bool any = false; !any;) {
      for (uint32_t partition = 0; partition < probe_.partitions; ++partition) {
        while (true) {
          auto message = reader_->Poll(partition, Duration{});
          if (!message) return tl::unexpected<Error>(message.error());
          if (!*message) break;
          any = true;
          if (probe_.answers(**message)) Answered(partition);
        }
      }
      const TimePoint now = SteadyClock::now();
      if (any || now >= until) break;
      std::unique_lock lock(mutex_);
      some_.wait_until(lock, std::min(until, now + kLook), [&] { return ready_; });
      ready_ = false;
    }
    return {};
  }

  Result<void> AwaitAll(Duration patience, const std::stop_token& stop) {
    const TimePoint end = SteadyClock::now() + std::chrono::microseconds(patience.us);
    while (open_ > 0) {
      const TimePoint now = SteadyClock::now();
      if (now >= end || stop.stop_requested()) {
        return Err(ErrorCode::kUnavailable, "{} commands on {} are not answered on {}", open_,
                   probe_.input, probe_.output);
      }
      if (auto done = Receive(std::min(end, now + kSlice)); !done) return done;
    }
    return {};
  }

  size_t open() const { return open_; }
  void CountFrom(TimePoint since) { counts_from_ = since; }
  Latencies Take() { return std::move(latencies_); }

 private:
  void Answered(uint32_t partition) {
    if (waiting_[partition].empty()) return;
    const TimePoint since = waiting_[partition].front();
    if (since >= counts_from_) {
      latencies_.Add(std::chrono::duration<double, std::micro>(SteadyClock::now() - since).count());
    }
    waiting_[partition].pop_front();
    --open_;
  }

  const Probe& probe_;
  std::unique_ptr<kafka::Producer> producer_;
  std::unique_ptr<kafka::Reader> reader_;
  std::vector<std::deque<TimePoint>> waiting_;  // by partition
  size_t open_ = 0;
  TimePoint counts_from_ = TimePoint::min();
  Latencies latencies_;
  std::mutex mutex_;
  std::condition_variable some_;
  bool ready_ = false;  // guarded by mutex_
};

}  // namespace

Result<Latencies> RunProbe(const Probe& probe, uint64_t per_s, Duration time,
                           std::stop_token stop) {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  Probing probing(probe);
  if (auto opened = probing.Open(); !opened) return tl::unexpected<Error>(opened.error());
  const TimePoint began = SteadyClock::now();
  const TimePoint counts = began + std::chrono::microseconds(probe.warm_up.us);
  const TimePoint end = counts + std::chrono::microseconds(time.us);
  probing.CountFrom(counts);
  uint64_t sent = 0;
  TimePoint now = began;
  for (; now < end && !stop.stop_requested(); now = SteadyClock::now()) {
    const TimePoint due =
        per_s == 0 ? now : began + std::chrono::microseconds(sent * 1'000'000 / per_s);
    if (per_s == 0 ? probing.open() == 0 : due <= now) {
      if (auto done = probing.Send(due); !done) return tl::unexpected<Error>(done.error());
      ++sent;
      continue;
    }
    const TimePoint until = per_s == 0 ? end : std::min(due, end);
    if (auto done = probing.Receive(until); !done) return tl::unexpected<Error>(done.error());
  }
  if (auto done = probing.AwaitAll(kPatience, stop); !done) return tl::unexpected(done.error());
  return probing.Take();
}

Result<Latencies> RunProbeAfter(const Probe& probe, const std::function<void()>& event,
                                Duration patience, std::stop_token stop) {
  // One of each partition, whatever partition the next ones are of.
  std::vector<std::optional<ProbeRecord>> records(probe.partitions);
  for (size_t found = 0; found < records.size();) {
    ProbeRecord record = probe.next();
    auto& place = records[record.partition];
    found += place ? 0 : 1;
    place = std::move(record);
  }
  size_t next = 0;
  Probe each = probe;
  each.next = [&] { return *records[next++]; };
  Probing probing(each);
  if (auto opened = probing.Open(); !opened) return tl::unexpected<Error>(opened.error());
  const TimePoint since = SteadyClock::now();
  event();
  while (next < records.size()) {
    if (auto sent = probing.Send(since); !sent) return tl::unexpected<Error>(sent.error());
  }
  if (auto done = probing.AwaitAll(patience, stop); !done) return tl::unexpected(done.error());
  return probing.Take();
}

}  // namespace sluice::bench
