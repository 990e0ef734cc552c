// What every client of librdkafka's shares: owning handles, and its errors in our words. Private to
// the rdkafka_*.cc files, which alone see the library.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
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

// `more` is what the library says of this occurrence; empty: its text for the code.
tl::unexpected<Error> Failed(std::string_view doing, rd_kafka_resp_err_t error,
                             std::string_view more = "");
// Takes ownership of `error`; null is success.
Result<void> ToResult(std::string_view doing, rd_kafka_error_t* error);

// kInvalid: a property librdkafka does not take.
Result<rd_kafka_conf_t*> MakeConf(const Config& config);
// Takes ownership of `conf`.
Result<Owned<rd_kafka_t>> MakeHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf);

}  // namespace sluice::kafka
