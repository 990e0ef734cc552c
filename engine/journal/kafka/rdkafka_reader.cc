#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <utility>

#include "engine/journal/kafka/rdkafka_adapter.h"
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
  std::vector<bool> ended;    // the end of a source was met
  std::vector<int64_t> next;  // behind what the client handed over, marks of transactions included
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
    next[source] = std::max(next[source], message.offset + 1);
    auto& queue = ahead[source];
    auto at = queue.end();
    while (at != queue.begin() && std::prev(at)->offset > message.offset) --at;
    queue.insert(at, std::move(message));
  }
  void MetEnd(size_t source, int64_t offset) {
    ended[source] = true;
    next[source] = std::max(next[source], offset);
  }
  // Takes many at a time: a call into the client costs more than a record does. False: there was
  // nothing.
  bool Fetch(size_t source, int timeout_ms) {
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
        MetEnd(source, message->offset);
      } else {
        const std::string& topic = sources[source].topic;
        auto met = Failed(fmt::format("reading {}-{}", topic, sources[source].partition),
                          message->err, rd_kafka_message_errstr(message), {"Read", topic});
        if (!failed[source]) failed[source] = std::move(met.value());
      }
      rd_kafka_message_destroy(message);
    }
    return count > 0;
  }
  // Errors and callbacks of the handle itself.
  void ServeHandle() {
    constexpr int kServedMax = 1000;
    for (int served = 0; served < kServedMax; ++served) {
      rd_kafka_message_t* raw = rd_kafka_consumer_poll(handle.get(), 0);
      if (raw == nullptr) return;
      const bool record = raw->err == RD_KAFKA_RESP_ERR_NO_ERROR;
      const bool end = raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      for (size_t i = 0; i < sources.size() && (record || end); ++i) {
        if (sources[i].partition != static_cast<uint32_t>(raw->partition) ||
            sources[i].topic != rd_kafka_topic_name(raw->rkt)) {
          continue;
        }
        if (record) Insert(i, ToMessage(*raw));
        if (end) MetEnd(i, raw->offset);
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
  auto impl = MakeConsumer<Impl>(config, hurry);
  if (!impl) return tl::unexpected<Error>(impl.error());
  return std::unique_ptr<Reader>(new Reader(std::move(*impl)));
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
  impl_->next.clear();
  for (const Source& source : sources) impl_->next.push_back(static_cast<int64_t>(source.from));
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
    const bool took = impl_->Fetch(source, waits ? std::min(left_ms, kSliceMs) : 0);
    // Behind an end that was met a while ago there may be more, of which nobody is woken again.
    if ((!waits && !took) || Hurried(impl_->hurry)) break;
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

std::optional<uint64_t> Reader::Waiting(size_t source) const {
  const Source& of = impl_->sources[source];
  int64_t low = 0;
  int64_t end = 0;
  const auto error = rd_kafka_get_watermark_offsets(impl_->handle.get(), of.topic.c_str(),
                                                    static_cast<int32_t>(of.partition), &low, &end);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || end < 0) return std::nullopt;
  const int64_t unread = std::max(end - impl_->next[source], int64_t{0});
  return static_cast<uint64_t>(unread) + impl_->ahead[source].size();
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
    auto error = rd_kafka_query_watermark_offsets(
        impl_->handle.get(), topic.c_str(), static_cast<int32_t>(partition), &low, &high, kSliceMs);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    bool silent = error == RD_KAFKA_RESP_ERR__TIMED_OUT;
    bool passes = silent || error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                  error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                  error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                  error == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
                  error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (passes && !silent) {
      // What the client was told once, that it may not see the topic, say, it keeps until it asks.
      const auto told = AskForTopic(impl_->handle.get(), topic, kSliceMs);
      silent = told == RD_KAFKA_RESP_ERR__TIMED_OUT;
      if (told == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        error = told;
        passes = false;
      }
    }
    waited_ms += silent ? kSliceMs : kStepMs;
    if (!passes || waited_ms >= Millis(timeout) || Hurried(impl_->hurry)) {
      rd_kafka_poll(impl_->handle.get(), 0);  // what the client's threads have met
      auto failed = Failed("asking for the ends of " + topic, error, "", {"Describe", topic});
      return tl::unexpected<Error>(impl_->trouble.Explained(std::move(failed.value())));
    }
    rd_kafka_poll(impl_->handle.get(), kStepMs);
  }
  return Watermarks{static_cast<uint64_t>(low), static_cast<uint64_t>(high)};
}

}  // namespace sluice::kafka
