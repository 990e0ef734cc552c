#include "engine/journal/kafka/rdkafka_adapter.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "engine/journal/kafka/rdkafka_handle.h"
#include "engine/journal/kafka/rdkafka_withheld.h"

namespace sluice::kafka {

struct Producer::Impl {
  OnDelivered on_delivered;
  Hurry hurry = nullptr;
  Trouble trouble;
  Owned<rd_kafka_t> handle;
  std::string transactional_id;         // empty: it is not
  std::optional<Error> undelivered;     // the first of the transaction; written in its calls alone
  std::atomic<bool> misplaced = false;  // since Begin, a record was taken for delivered; see below
  std::atomic<bool> stopping = false;
  // Of one that is not transactional; a transaction's end says of the others.
  WithheldTopics withheld;
  std::thread poller;  // serves delivery reports, where no transaction does, and asks for those

  // When a batch is refused and the one behind it is not, the client takes both for delivered: it
  // thinks that the broker would have refused the second had it not had the first. A broker that
  // has nothing of this producer yet takes any. The first has no offset then.
  static void Delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    const bool misplaced = message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < 0;
    if (misplaced) impl.misplaced = true;
    if (impl.transactional_id.empty()) {
      impl.withheld.Note(rd_kafka_topic_name(message->rkt), message->err);
    } else {
      impl.NoteUndelivered(*message);
    }
    const auto opaque = reinterpret_cast<uint64_t>(message->_private);
    if (opaque == 0 || !impl.on_delivered) return;
    if (misplaced) {
      impl.on_delivered(opaque, Misplaced());
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      impl.on_delivered(opaque, static_cast<uint64_t>(message->offset));
    } else {
      impl.on_delivered(opaque, impl.NotDelivered("delivering to",
                                                  rd_kafka_topic_name(message->rkt), message->err));
    }
  }

  // A commit says of a record only that one failed.
  void NoteUndelivered(const rd_kafka_message_t& message) {
    // What it takes along with it when the client gives a transaction up for something else.
    const bool purged = message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                        message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || purged || undelivered) return;
    undelivered =
        NotDelivered("delivering to", rd_kafka_topic_name(message.rkt), message.err).value();
  }

  void Poll() {
    constexpr int kPollMs = 50;
    while (!stopping) {
      rd_kafka_poll(handle.get(), kPollMs);
      withheld.AskAgain(handle.get());
    }
  }

  static tl::unexpected<Error> Misplaced() {
    return Err(
        ErrorCode::kUnavailable,
        "Kafka: delivering a record: it was acknowledged without an offset, so it may not be "
        "on its topic");
  }

  tl::unexpected<Error> NotDelivered(std::string_view doing, std::string_view topic,
                                     rd_kafka_resp_err_t error) const {
    const std::string what = fmt::format("{} {}", doing, topic);
    const Right right{"Write", topic};
    return Explained(*this, transactional_id.empty() ? Undelivered(what, error, right)
                                                     : Failed(what, error, "", right));
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
      const bool of_id =
          error != nullptr &&
          rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
      auto result = ToResult(doing, error, of_id ? Right{"Write", transactional_id} : Right{});
      if (!result) return Explained(*this, tl::unexpected<Error>(std::move(result.error())));
      return result;
    }
  }
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Producer::~Producer() {
  // The library (2.0.2) must not be ended between a transaction's first record and its request to
  // have the partition in it: it asserts that it knows of the request when that is broken off
  // (`txn_req_cnt > 0`), and takes the process with it. The request goes out at once; where nobody
  // answers it, it is known by then.
  constexpr int kRequestedMs = 100;
  if (!impl_->transactional_id.empty()) {
    impl_->on_delivered = nullptr;  // whoever is to be told may be on the way out, too
    rd_kafka_flush(impl_->handle.get(), kRequestedMs);
  }
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
  if (const auto id = config.find("transactional.id"); id != config.end()) {
    impl->transactional_id = id->second;
  }
  rd_kafka_conf_set_opaque(*conf, impl.get());
  rd_kafka_conf_set_error_cb(*conf, &Impl::OnError);
  rd_kafka_conf_set_dr_msg_cb(*conf, &Impl::Delivered);
  auto handle = MakeHandle(RD_KAFKA_PRODUCER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->handle = std::move(*handle);
  // A transactional one is told of deliveries within its commit, which waits for them: a thread
  // less for every partition.
  if (impl->transactional_id.empty()) {
    impl->poller = std::thread([raw = impl.get()] { raw->Poll(); });
  }
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

Result<void> Producer::InitTransactions(Duration timeout) {
  return impl_->Patiently("taking over the transactional id", timeout, [&](int timeout_ms) {
    return rd_kafka_init_transactions(impl_->handle.get(), timeout_ms);
  });
}

Result<void> Producer::Warm(const std::vector<std::string>& topics, Duration timeout) {
  constexpr int kSliceMs = 3000;
  for (const std::string& name : topics) {
    rd_kafka_resp_err_t error{};
    for (int left_ms = Millis(timeout); left_ms > 0; left_ms -= kSliceMs) {
      error = AskForTopic(impl_->handle.get(), name, std::min(left_ms, kSliceMs));
      if (error != RD_KAFKA_RESP_ERR__TIMED_OUT || Hurried(impl_->hurry)) break;
    }
    // One that was made just now, or moves, is found by the time it is written to.
    const bool passes = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                        error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!error || passes) continue;
    return Impl::Explained(*impl_,
                           Failed("asking for topic " + name, error, "", {"Describe", name}));
  }
  return {};
}

Result<void> Producer::Begin() {
  impl_->misplaced = false;
  impl_->undelivered.reset();
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
    if (impl_->transactional_id.empty() &&
        impl_->withheld.MayTryAgain(impl_->handle.get(), topic, error)) {
      continue;
    }
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || waited_ms >= Millis(timeout) ||
        Hurried(impl_->hurry)) {
      return impl_->NotDelivered("producing to", topic, error);
    }
    rd_kafka_poll(impl_->handle.get(), 10);
  }
}

Result<void> Producer::Commit(Duration timeout) {
  // Before it has begun: then it is not to be kept from it any more.
  constexpr Duration kSlice = Duration::Millis(200);
  Duration left = timeout;
  while (rd_kafka_flush(impl_->handle.get(), Millis(kSlice)) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    left = Duration{left.us - kSlice.us};
    if (left < kSlice || Hurried(impl_->hurry)) break;
  }
  if (impl_->misplaced) return Impl::Misplaced();
  auto committed = impl_->Patiently("committing a transaction", left, [&](int timeout_ms) {
    return rd_kafka_commit_transaction(impl_->handle.get(), timeout_ms);
  });
  if (!committed && committed.error().code != ErrorCode::kFenced && impl_->undelivered) {
    return tl::unexpected<Error>(*std::move(impl_->undelivered));
  }
  return committed;
}

Result<void> Producer::Flush(Duration timeout) {
  const auto error = rd_kafka_flush(impl_->handle.get(), Millis(timeout));
  if (error) return Impl::Explained(*impl_, Failed("flushing", error));
  return {};
}

std::string Producer::Fault() const {
  const auto topic = impl_->withheld.Any();
  if (!topic) return "";
  return impl_->NotDelivered("producing to", *topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
      .value()
      .message;
}

bool Producer::IsDead() const {
  char reason[kReasonBytes];
  return rd_kafka_fatal_error(impl_->handle.get(), reason, sizeof reason) !=
         RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Producer::GiveUp(Duration settle) {
  constexpr int kReportsMs = 500;
  if (!Hurried(impl_->hurry)) rd_kafka_flush(impl_->handle.get(), Millis(settle));
  rd_kafka_purge(impl_->handle.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(impl_->handle.get(), kReportsMs);
}

}  // namespace sluice::kafka
