#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/kafka_yardstick.h"

namespace sluice::bench {
namespace {

constexpr int kTimeoutMs = 30'000;
constexpr int kIdleMs = 20;

using Properties = std::vector<std::pair<std::string, std::string>>;

rd_kafka_t* Make(rd_kafka_type_t type, const Properties& properties) {
  char reason[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : properties) {
    CHECK(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) ==
          RD_KAFKA_CONF_OK);
  }
  // Without it a flush, and so a commit, sees what was delivered only 10 ms later.
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t*, void*) {});
  }
  rd_kafka_t* handle = rd_kafka_new(type, conf, reason, sizeof reason);
  CHECK(handle != nullptr);
  return handle;
}

// Takes ownership of `error`.
Result<void> Check(rd_kafka_error_t* error) {
  if (error == nullptr) return {};
  auto failed = Err(ErrorCode::kIo, "the bare loop: {}", rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return failed;
}

// One partition's producers, which take turns, and its consumer.
class Lane {
 public:
  Lane(const BareLoop& loop, uint32_t partition)
      : loop_(loop),
        partition_(static_cast<int32_t>(partition)),
        consumer_(Make(RD_KAFKA_CONSUMER, {{"bootstrap.servers", loop.bootstrap},
                                           {"group.id", loop.output},
                                           {"enable.auto.commit", "false"},
                                           {"isolation.level", "read_committed"},
                                           {"fetch.wait.max.ms", "100"},
                                           {"queued.min.messages", "100000"},
                                           {"queued.max.messages.kbytes", "65536"}})) {
    for (uint32_t number = 0; number < loop.producers; ++number) {
      producers_.push_back(
          Make(RD_KAFKA_PRODUCER,
               {{"bootstrap.servers", loop.bootstrap},
                {"transactional.id", fmt::format("{}-{}.{}", loop.output, partition, number)},
                {"retry.backoff.ms", "2"},
                {"linger.ms", "0"}}));
    }
  }
  ~Lane() {
    rd_kafka_destroy(consumer_);
    for (rd_kafka_t* producer : producers_) rd_kafka_destroy(producer);
  }

  // What the first transaction would wait for.
  Result<void> Open() {
    for (rd_kafka_t* producer : producers_) {
      if (auto taken = Check(rd_kafka_init_transactions(producer, kTimeoutMs)); !taken) {
        return taken;
      }
      rd_kafka_topic_t* topic = rd_kafka_topic_new(producer, loop_.output.c_str(), nullptr);
      const rd_kafka_metadata_t* metadata = nullptr;
      if (rd_kafka_metadata(producer, 0, topic, &metadata, kTimeoutMs) ==
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
      }
      rd_kafka_topic_destroy(topic);
    }
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, loop_.input.c_str(), partition_)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer_, list);
    rd_kafka_topic_partition_list_destroy(list);
    return {};
  }

  // Of all lanes together.
  struct Progress {
    std::atomic<uint64_t> moved = 0;
    std::atomic<int64_t> half_us = 0;  // of `watch`: when half of them were moved
    std::atomic<uint64_t> half = 0;    // how many those were
    std::atomic<int64_t> last_us = 0;  // when the last commit was done
    Stopwatch watch;
  };

  Result<void> Run(Progress& progress, const std::stop_token& stop, Latencies* commits) {
    const std::string payload(loop_.record_bytes, 'x');
    std::atomic<uint64_t>& moved = progress.moved;
    for (size_t turn = 0; moved < loop_.records && !stop.stop_requested(); ++turn) {
      rd_kafka_t* const producer = producers_[turn % producers_.size()];
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_, kIdleMs);
      if (message == nullptr) continue;
      const Stopwatch watch;
      if (auto begun = Check(rd_kafka_begin_transaction(producer)); !begun) return begun;
      uint64_t count = 0;
      while (message != nullptr) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          if (auto produced = Produce(producer, *message, payload); !produced) return produced;
          ++count;
        }
        rd_kafka_message_destroy(message);
        message = count < loop_.records_per_commit ? rd_kafka_consumer_poll(consumer_, 0) : nullptr;
      }
      if (auto done = Check(rd_kafka_commit_transaction(producer, kTimeoutMs)); !done) return done;
      if (count == 0) continue;
      const uint64_t now = moved += count;
      uint64_t none = 0;
      progress.last_us = progress.watch.Elapsed().us;
      if (now >= loop_.records / 2 && progress.half.compare_exchange_strong(none, now)) {
        progress.half_us = progress.watch.Elapsed().us;
      }
      commits->Add(static_cast<double>(watch.Elapsed().us));
    }
    return {};
  }

 private:
  Result<void> Produce(rd_kafka_t* producer, const rd_kafka_message_t& from,
                       const std::string& payload) {
    while (true) {
      const auto error = rd_kafka_producev(
          producer, RD_KAFKA_V_TOPIC(loop_.output.c_str()), RD_KAFKA_V_PARTITION(partition_),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(from.key, from.key_len),
          RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()), RD_KAFKA_V_END);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return Err(ErrorCode::kIo, "the bare loop: {}", rd_kafka_err2str(error));
      }
      rd_kafka_poll(producer, 1);
    }
  }

  const BareLoop& loop_;
  const int32_t partition_;
  std::vector<rd_kafka_t*> producers_;
  rd_kafka_t* const consumer_;
};

}  // namespace

Result<BareLoopResult> RunBareLoop(const BareLoop& loop, std::stop_token stop) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (uint32_t partition = 0; partition < loop.partitions; ++partition) {
    lanes.push_back(std::make_unique<Lane>(loop, partition));
    if (auto opened = lanes.back()->Open(); !opened) return tl::unexpected<Error>(opened.error());
  }
  BareLoopResult result;
  Lane::Progress progress;
  std::mutex mutex;
  Result<void> failed;
  {
    std::vector<std::jthread> threads;
    for (auto& lane : lanes) {
      threads.emplace_back([&, raw = lane.get()] {
        Latencies commits;
        auto ran = raw->Run(progress, stop, &commits);
        const std::lock_guard lock(mutex);
        result.commits.Append(commits);
        if (!ran) failed = std::move(ran);
      });
    }
  }
  if (!failed) return tl::unexpected<Error>(failed.error());
  const auto us = static_cast<double>(progress.last_us - progress.half_us);
  const auto moved = static_cast<double>(progress.moved - progress.half);
  if (us > 0) result.per_s = moved * 1e6 / us;
  return result;
}

}  // namespace sluice::bench
