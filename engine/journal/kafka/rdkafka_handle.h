// What every client of librdkafka's shares: owning handles, and its errors in our words. Private to
// the rdkafka_*.cc files, which alone see the library.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice::kafka {

inline constexpr size_t kReasonBytes = 512;

inline int Millis(Duration duration) { return static_cast<int>(duration.us / 1000); }

struct Destroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

// What a client's own threads met last, apart from any request: credentials refused, no broker to
// be reached. A request that found nobody is explained by it. Threadsafe.
class Trouble {
 public:
  void Note(rd_kafka_resp_err_t error, const char* reason);
  // A request was answered.
  void Clear();
  // The code is left as it is, unless nobody answered at all.
  Error Explained(Error error) const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
  bool refused_ = false;  // credentials or certificates: not covered up by what follows from it
};

// What a request has to be allowed, as kafka-acls has it: `--operation`, and the name of a resource
// of the kind that an error is about. Empty where that is not known.
struct Right {
  std::string_view operation = {};
  std::string_view resource = {};
};

// `more` is what the library says of this occurrence; empty: its text for the code. Where a right
// is missing, the message names it.
tl::unexpected<Error> Failed(std::string_view doing, rd_kafka_resp_err_t error,
                             std::string_view more = "", const Right& right = {});
// Of a record that was not delivered: the codes of Producer::OnDelivered.
tl::unexpected<Error> Undelivered(std::string_view doing, rd_kafka_resp_err_t error,
                                  const Right& right);
// Takes ownership of `error`; null is success.
Result<void> ToResult(std::string_view doing, rd_kafka_error_t* error, const Right& right = {});

// What the brokers say of a topic now, whatever the client has kept of it, and how many partitions
// it has.
rd_kafka_resp_err_t AskForTopic(rd_kafka_t* handle, const std::string& name, int timeout_ms,
                                int* partitions = nullptr);

// kInvalid: a property librdkafka does not take. What the client logs goes to standard error,
// without secrets.
Result<rd_kafka_conf_t*> MakeConf(const Config& config);
// Takes ownership of `conf`.
Result<Owned<rd_kafka_t>> MakeHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf);

// Whether the process is to end, so that waiting is not worth while; null: never.
inline bool Hurried(const std::atomic<bool>* hurry) { return hurry != nullptr && *hurry; }

// What a client that produces nothing works with: its `hurry`, its `handle`, and its OnError told
// of errors.
template <class Impl>
Result<std::unique_ptr<Impl>> MakeConsumer(const Config& config, Hurry hurry) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->hurry = hurry;
  rd_kafka_conf_set_opaque(*conf, impl.get());
  rd_kafka_conf_set_error_cb(*conf, &Impl::OnError);
  auto handle = MakeHandle(RD_KAFKA_CONSUMER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->handle = std::move(*handle);
  return impl;
}

}  // namespace sluice::kafka
