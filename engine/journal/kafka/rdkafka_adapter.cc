#include "engine/journal/kafka/rdkafka_adapter.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/journal/kafka/rdkafka_handle.h"

namespace sluice::kafka {
namespace {

Message ToMessage(const rd_kafka_message_t& raw) {
  Message message;
  message.offset = raw.offset;
  rd_kafka_timestamp_type_t type{};
  const int64_t millis = rd_kafka_message_timestamp(&raw, &type);
  message.timestamp = Time{millis > 0 ? millis * 1000 : 0};
  if (raw.payload != nullptr) {
    message.payload.assign(static_cast<const char*>(raw.payload), raw.len);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&raw, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      message.headers.emplace_back(name, value == nullptr
                                             ? std::string()
                                             : std::string(static_cast<const char*>(value), size));
    }
  }
  return message;
}

}  // namespace

struct Producer::Impl {
  OnDelivered on_delivered;
  Hurry hurry = nullptr;
  Trouble trouble;
  Owned<rd_kafka_t> handle;
  std::atomic<bool> stopping = false;
  std::thread poller;  // serves delivery reports, where no transaction does

  static void Delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    const auto& impl = *static_cast<Impl*>(self);
    const auto opaque = reinterpret_cast<uint64_t>(message->_private);
    if (opaque == 0 || !impl.on_delivered) return;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      impl.on_delivered(opaque, static_cast<uint64_t>(message->offset));
    } else {
      impl.on_delivered(opaque, Explained(impl, Failed("delivering a record", message->err)));
    }
  }

  static void OnError(rd_kafka_t*, int error, const char* reason, void* self) {
    static_cast<Impl*>(self)->trouble.Note(static_cast<rd_kafka_resp_err_t>(error), reason);
  }

  static tl::unexpected<Error> Explained(const Impl& impl, tl::unexpected<Error> failed) {
    return tl::unexpected<Error>(impl.trouble.Explained(std::move(failed.value())));
  }

  // A call that goes on where it was when it is made again after a time-out: so that it can be
  // given up when the process ends, and not before it had a moment.
  Result<void> Patiently(std::string_view doing, Duration timeout,
                         const std::function<rd_kafka_error_t*(int timeout_ms)>& call) {
    using Clock = std::chrono::steady_clock;
    constexpr int kSliceMs = 200;
    constexpr int kPauseMs = 10;  // where it says at once that it is to be made again
    constexpr std::chrono::seconds kHurriedMax{2};
    const auto deadline = Clock::now() + std::chrono::microseconds(timeout.us);
    std::optional<Clock::time_point> hurried;
    while (true) {
      rd_kafka_error_t* error = call(kSliceMs);
      if (error == nullptr) trouble.Clear();
      const auto now = Clock::now();
      if (Hurried(hurry) && !hurried) hurried = now;
      const bool again = error != nullptr && rd_kafka_error_is_retriable(error) != 0 &&
                         now < deadline && (!hurried || now < *hurried + kHurriedMax);
      if (again) {
        rd_kafka_error_destroy(error);
        std::this_thread::sleep_for(std::chrono::milliseconds(kPauseMs));
        continue;
      }
      auto result = ToResult(doing, error);
      if (!result) return Explained(*this, tl::unexpected<Error>(std::move(result.error())));
      return result;
    }
  }
};

namespace {

// Asks for the topics' metadata; errors that pass are asked again until `timeout`.
Result<void> AskForTopic(rd_kafka_t* handle, const std::string& name, Duration timeout,
                         Hurry hurry) {
  constexpr int kSliceMs = 3000;
  rd_kafka_topic_t* topic = rd_kafka_topic_new(handle, name.c_str(), nullptr);
  rd_kafka_resp_err_t error{};
  for (int left_ms = Millis(timeout); left_ms > 0; left_ms -= kSliceMs) {
    const rd_kafka_metadata_t* metadata = nullptr;
    error = rd_kafka_metadata(handle, 0, topic, &metadata, std::min(left_ms, kSliceMs));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
    if (error != RD_KAFKA_RESP_ERR__TIMED_OUT || Hurried(hurry)) break;
  }
  rd_kafka_topic_destroy(topic);
  if (error) return Failed("asking for topic " + name, error);
  return {};
}

}  // namespace

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Producer::~Producer() {
  impl_->stopping = true;
  if (impl_->poller.joinable()) impl_->poller.join();
}

Result<std::unique_ptr<Producer>> Producer::Make(const Config& config, OnDelivered on_delivered,
                                                 Hurry hurry) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->on_delivered = std::move(on_delivered);
  impl->hurry = hurry;
  rd_kafka_conf_set_opaque(*conf, impl.get());
  rd_kafka_conf_set_error_cb(*conf, &Impl::OnError);
  rd_kafka_conf_set_dr_msg_cb(*conf, &Impl::Delivered);
  auto handle = MakeHandle(RD_KAFKA_PRODUCER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->handle = std::move(*handle);
  // A transactional one is told of deliveries within its commit, which waits for them: a thread
  // less for every partition.
  if (!config.contains("transactional.id")) {
    impl->poller = std::thread([raw = impl.get()] {
      while (!raw->stopping) rd_kafka_poll(raw->handle.get(), 50);
    });
  }
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

Result<void> Producer::InitTransactions(Duration timeout) {
  return impl_->Patiently("taking over the transactional id", timeout, [&](int timeout_ms) {
    return rd_kafka_init_transactions(impl_->handle.get(), timeout_ms);
  });
}

Result<void> Producer::Warm(const std::vector<std::string>& topics, Duration timeout) {
  for (const std::string& name : topics) {
    auto asked = AskForTopic(impl_->handle.get(), name, timeout, impl_->hurry);
    if (!asked) {
      return Impl::Explained(*impl_, tl::unexpected<Error>(std::move(asked.error())));
    }
  }
  return {};
}

Result<void> Producer::Begin() {
  return ToResult("beginning a transaction", rd_kafka_begin_transaction(impl_->handle.get()));
}

Result<void> Producer::Produce(const std::string& topic, uint32_t partition, std::string_view key,
                               std::string_view payload, const Headers& headers, uint64_t opaque,
                               Duration timeout) {
  for (int waited_ms = 0;; waited_ms += 10) {
    rd_kafka_headers_t* raw = rd_kafka_headers_new(headers.size());
    for (const auto& [name, value] : headers) {
      rd_kafka_header_add(raw, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const auto error = rd_kafka_producev(
        impl_->handle.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
        RD_KAFKA_V_PARTITION(static_cast<int32_t>(partition)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()),
        RD_KAFKA_V_HEADERS(raw), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(opaque)),
        RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    rd_kafka_headers_destroy(raw);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || waited_ms >= Millis(timeout) ||
        Hurried(impl_->hurry)) {
      return Impl::Explained(*impl_, Failed("producing to " + topic, error));
    }
    rd_kafka_poll(impl_->handle.get(), 10);
  }
}

Result<void> Producer::Commit(Duration timeout) {
  return impl_->Patiently("committing a transaction", timeout, [&](int timeout_ms) {
    return rd_kafka_commit_transaction(impl_->handle.get(), timeout_ms);
  });
}

Result<void> Producer::Flush(Duration timeout) {
  const auto error = rd_kafka_flush(impl_->handle.get(), Millis(timeout));
  if (error) return Impl::Explained(*impl_, Failed("flushing", error));
  return {};
}

bool Producer::IsDead() const {
  char reason[kReasonBytes];
  return rd_kafka_fatal_error(impl_->handle.get(), reason, sizeof reason) !=
         RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct Reader::Impl {
  Trouble trouble;
  Hurry hurry = nullptr;
  Owned<rd_kafka_t> handle;
  std::vector<Owned<rd_kafka_queue_t>> queues;
  Owned<rd_kafka_queue_t> common;  // of the handle
  std::vector<Source> sources;
  // Messages taken and not yet polled, by offset. Some come through the handle's queue: the client
  // may set that way for a partition after it was given a queue of its own.
  std::vector<std::deque<Message>> ahead;
  std::vector<bool> ended;  // the end of a source was met
  // What was met behind the messages ahead: told once those are polled.
  std::vector<std::optional<Error>> failed;
  std::mutex mutex;
  std::function<void()> on_ready;  // guarded by mutex

  static void OnError(rd_kafka_t*, int error, const char* reason, void* self) {
    static_cast<Impl*>(self)->trouble.Note(static_cast<rd_kafka_resp_err_t>(error), reason);
  }
  static void OnReady(rd_kafka_t*, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    const std::lock_guard lock(impl.mutex);
    if (impl.on_ready) impl.on_ready();
  }
  void Insert(size_t source, Message message) {
    auto& queue = ahead[source];
    auto at = queue.end();
    while (at != queue.begin() && std::prev(at)->offset > message.offset) --at;
    queue.insert(at, std::move(message));
  }
  // Takes many at a time: a call into the client costs more than a record does.
  void Fetch(size_t source, int timeout_ms) {
    constexpr size_t kAtOnce = 256;
    std::array<rd_kafka_message_t*, kAtOnce> raw{};
    ssize_t count = rd_kafka_consume_batch_queue(queues[source].get(), 0, raw.data(), raw.size());
    if (count == 0 && timeout_ms > 0) {
      raw[0] = rd_kafka_consume_queue(queues[source].get(), timeout_ms);
      count = raw[0] == nullptr ? 0 : 1;
    }
    // After the partition's own queue: what was behind it there is not taken for what comes next.
    ServeHandle();
    if (count == 0) rd_kafka_poll(handle.get(), 0);  // what the client's threads have met
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* message = raw[static_cast<size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        Insert(source, ToMessage(*message));
      } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ended[source] = true;
      } else {
        auto met = Failed("reading", message->err, rd_kafka_message_errstr(message));
        if (!failed[source]) failed[source] = std::move(met.value());
      }
      rd_kafka_message_destroy(message);
    }
  }
  // Errors and callbacks of the handle itself.
  void ServeHandle() {
    constexpr int kServedMax = 1000;
    for (int served = 0; served < kServedMax; ++served) {
      rd_kafka_message_t* raw = rd_kafka_consumer_poll(handle.get(), 0);
      if (raw == nullptr) return;
      for (size_t i = 0; i < sources.size() && raw->err == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
        if (sources[i].partition == static_cast<uint32_t>(raw->partition) &&
            sources[i].topic == rd_kafka_topic_name(raw->rkt)) {
          Insert(i, ToMessage(*raw));
        }
      }
      rd_kafka_message_destroy(raw);
    }
  }
  ~Impl() {
    for (const auto& queue : queues) rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
    queues.clear();
    if (common) rd_kafka_queue_cb_event_enable(common.get(), nullptr, nullptr);
    common.reset();
    if (handle) rd_kafka_assign(handle.get(), nullptr);
  }
};

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::unique_ptr<Reader>> Reader::Make(const Config& config, Hurry hurry) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->hurry = hurry;
  rd_kafka_conf_set_opaque(*conf, impl.get());
  rd_kafka_conf_set_error_cb(*conf, &Impl::OnError);
  auto handle = MakeHandle(RD_KAFKA_CONSUMER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->handle = std::move(*handle);
  return std::unique_ptr<Reader>(new Reader(std::move(impl)));
}

Result<void> Reader::Assign(const std::vector<Source>& sources) {
  Owned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(sources.size())));
  for (const Source& source : sources) {
    rd_kafka_topic_partition_list_add(list.get(), source.topic.c_str(),
                                      static_cast<int32_t>(source.partition))
        ->offset = static_cast<int64_t>(source.from);
  }
  if (const auto error = rd_kafka_assign(impl_->handle.get(), list.get())) {
    return Failed("assigning partitions", error);
  }
  impl_->queues.clear();
  impl_->sources = sources;
  impl_->common.reset(rd_kafka_queue_get_consumer(impl_->handle.get()));
  rd_kafka_queue_cb_event_enable(impl_->common.get(), &Impl::OnReady, impl_.get());
  impl_->ahead.assign(sources.size(), {});
  impl_->ended.assign(sources.size(), false);
  impl_->failed.assign(sources.size(), std::nullopt);
  for (const Source& source : sources) {
    Owned<rd_kafka_queue_t> queue(rd_kafka_queue_get_partition(
        impl_->handle.get(), source.topic.c_str(), static_cast<int32_t>(source.partition)));
    if (!queue)
      return Err(ErrorCode::kNotFound, "Kafka: no partition {} of {}", source.partition,
                 source.topic);
    rd_kafka_queue_forward(queue.get(), nullptr);  // to be polled by itself
    rd_kafka_queue_cb_event_enable(queue.get(), &Impl::OnReady, impl_.get());
    impl_->queues.push_back(std::move(queue));
  }
  return {};
}

Result<std::optional<Message>> Reader::Poll(size_t source, Duration timeout, bool* at_end) {
  std::deque<Message>& ahead = impl_->ahead[source];
  constexpr int kSliceMs = 100;
  auto& failed = impl_->failed[source];
  for (int left_ms = Millis(timeout); ahead.empty() && !failed; left_ms -= kSliceMs) {
    const bool waits = left_ms > 0 && !impl_->ended[source];
    impl_->Fetch(source, waits ? std::min(left_ms, kSliceMs) : 0);
    if (!waits || Hurried(impl_->hurry)) break;
  }
  if (!ahead.empty()) {
    std::optional<Message> message = std::move(ahead.front());
    ahead.pop_front();
    return message;
  }
  if (failed) return tl::unexpected<Error>(*std::exchange(failed, std::nullopt));
  if (impl_->ended[source] && at_end) *at_end = true;
  return std::optional<Message>();
}

void Reader::SetReady(std::function<void()> on_ready) {
  const std::lock_guard lock(impl_->mutex);
  impl_->on_ready = std::move(on_ready);
}

Result<Reader::Watermarks> Reader::QueryWatermarks(const std::string& topic, uint32_t partition,
                                                   Duration timeout) {
  int64_t low = 0;
  int64_t high = 0;
  // Right after a topic is made, or its leader moved, brokers disagree for a moment. Asked again
  // after a while, so that it can be given up when the process ends.
  constexpr int kStepMs = 20;
  constexpr int kSliceMs = 3000;
  for (int waited_ms = 0;;) {
    const auto error = rd_kafka_query_watermark_offsets(
        impl_->handle.get(), topic.c_str(), static_cast<int32_t>(partition), &low, &high, kSliceMs);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    const bool silent = error == RD_KAFKA_RESP_ERR__TIMED_OUT;
    const bool passes = silent || error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                        error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                        error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                        error == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
                        error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    waited_ms += silent ? kSliceMs : kStepMs;
    if (!passes || waited_ms >= Millis(timeout) || Hurried(impl_->hurry)) {
      rd_kafka_poll(impl_->handle.get(), 0);  // what the client's threads have met
      auto failed = Failed("asking for the ends of " + topic, error);
      return tl::unexpected<Error>(impl_->trouble.Explained(std::move(failed.value())));
    }
    rd_kafka_poll(impl_->handle.get(), kStepMs);
  }
  return Watermarks{static_cast<uint64_t>(low), static_cast<uint64_t>(high)};
}

}  // namespace sluice::kafka
