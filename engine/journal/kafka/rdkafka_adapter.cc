#include "engine/journal/kafka/rdkafka_adapter.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

namespace sluice::kafka {
namespace {

constexpr size_t kReasonBytes = 512;

int Millis(Duration duration) { return static_cast<int>(duration.us / 1000); }

ErrorCode CodeOf(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return ErrorCode::kFenced;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
      return ErrorCode::kUnavailable;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return ErrorCode::kInvalid;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return ErrorCode::kNotFound;
    default:
      return ErrorCode::kIo;
  }
}

tl::unexpected<Error> Failed(std::string_view doing, rd_kafka_resp_err_t error,
                             std::string_view more = "") {
  return Err(CodeOf(error), "Kafka: {}: {}: {}", doing, rd_kafka_err2name(error),
             more.empty() ? std::string_view(rd_kafka_err2str(error)) : more);
}

// Takes ownership of `error`; null is success.
Result<void> ToResult(std::string_view doing, rd_kafka_error_t* error) {
  if (error == nullptr) return {};
  auto failed = Failed(doing, rd_kafka_error_code(error), rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return failed;
}

Result<rd_kafka_conf_t*> MakeConf(const Config& config) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char reason[kReasonBytes];
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return Err(ErrorCode::kInvalid, "Kafka property {}: {}", name, reason);
    }
  }
  return conf;
}

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

Result<Owned<rd_kafka_t>> MakeHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char reason[kReasonBytes];
  rd_kafka_t* handle = rd_kafka_new(type, conf, reason, sizeof reason);
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Err(ErrorCode::kInvalid, "Kafka: {}", reason);
  }
  return Owned<rd_kafka_t>(handle);
}

// Waits for the one result of an admin request.
Result<Owned<rd_kafka_event_t>> AwaitEvent(rd_kafka_queue_t* queue, std::string_view doing) {
  Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue, 30'000));
  if (!event) return Err(ErrorCode::kUnavailable, "Kafka: {}: no answer within 30 s", doing);
  if (const auto error = rd_kafka_event_error(event.get())) {
    return Failed(doing, error, rd_kafka_event_error_string(event.get()));
  }
  return event;
}

}  // namespace

struct Admin::Impl {
  Owned<rd_kafka_t> handle;
  std::mutex mutex;  // one request at a time

  // Of one request: an answer that comes too late for it is not taken for another's.
  Owned<rd_kafka_queue_t> Queue() const {
    return Owned<rd_kafka_queue_t>(rd_kafka_queue_new(handle.get()));
  }
};

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

Result<std::unique_ptr<Admin>> Admin::Make(const Config& config) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto handle = MakeHandle(RD_KAFKA_PRODUCER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  auto impl = std::make_unique<Impl>();
  impl->handle = std::move(*handle);
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Result<std::map<std::string, int>> Admin::PartitionCounts(const std::vector<std::string>& topics) {
  const std::lock_guard lock(impl_->mutex);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(impl_->handle.get(), 1, nullptr, &metadata, 10'000);
  if (error) return Failed("asking the brokers for topics", error);
  std::map<std::string, int> counts;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    for (const std::string& wanted : topics) {
      if (wanted == topic.topic && topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        counts[wanted] = topic.partition_cnt;
      }
    }
  }
  rd_kafka_metadata_destroy(metadata);
  return counts;
}

Result<void> Admin::CreateTopics(const std::vector<TopicSpec>& topics) {
  const std::lock_guard lock(impl_->mutex);
  const auto queue = impl_->Queue();
  std::vector<rd_kafka_NewTopic_t*> wanted;
  char reason[kReasonBytes];
  for (const TopicSpec& spec : topics) {
    auto* topic = rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication,
                                        reason, sizeof reason);
    if (topic == nullptr) return Err(ErrorCode::kInvalid, "Kafka topic {}: {}", spec.name, reason);
    for (const auto& [name, value] : spec.config) {
      rd_kafka_NewTopic_set_config(topic, name.c_str(), value.c_str());
    }
    wanted.push_back(topic);
  }
  rd_kafka_CreateTopics(impl_->handle.get(), wanted.data(), wanted.size(), nullptr, queue.get());
  rd_kafka_NewTopic_destroy_array(wanted.data(), wanted.size());
  auto event = AwaitEvent(queue.get(), "creating topics");
  if (!event) return tl::unexpected<Error>(event.error());
  size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      const char* why = rd_kafka_topic_result_error_string(results[i]);
      return Failed(fmt::format("creating topic {}", rd_kafka_topic_result_name(results[i])), error,
                    why == nullptr ? "" : why);
    }
  }
  return {};
}

Result<std::map<std::string, std::string>> Admin::TopicConfig(const std::string& topic) {
  const std::lock_guard lock(impl_->mutex);
  const auto queue = impl_->Queue();
  rd_kafka_ConfigResource_t* resource =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  rd_kafka_DescribeConfigs(impl_->handle.get(), &resource, 1, nullptr, queue.get());
  rd_kafka_ConfigResource_destroy(resource);
  auto event = AwaitEvent(queue.get(), "reading the settings of topic " + topic);
  if (!event) return tl::unexpected<Error>(event.error());
  size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  std::map<std::string, std::string> config;
  for (size_t i = 0; i < count; ++i) {
    if (const auto error = rd_kafka_ConfigResource_error(resources[i])) {
      return Failed("reading the settings of topic " + topic, error);
    }
    size_t entries = 0;
    const auto** entry = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (size_t j = 0; j < entries; ++j) {
      const char* value = rd_kafka_ConfigEntry_value(entry[j]);
      config[rd_kafka_ConfigEntry_name(entry[j])] = value == nullptr ? "" : value;
    }
  }
  return config;
}

Result<std::vector<Admin::Member>> Admin::Members(const std::string& group) {
  const std::lock_guard lock(impl_->mutex);
  const auto queue = impl_->Queue();
  const char* name = group.c_str();
  rd_kafka_DescribeConsumerGroups(impl_->handle.get(), &name, 1, nullptr, queue.get());
  auto event = AwaitEvent(queue.get(), "asking who is in group " + group);
  if (!event) return tl::unexpected<Error>(event.error());
  size_t groups = 0;
  const auto** described = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event->get()), &groups);
  std::vector<Member> members;
  if (groups == 0) return members;
  if (const auto* error = rd_kafka_ConsumerGroupDescription_error(described[0])) {
    return Failed("asking who is in group " + group, rd_kafka_error_code(error));
  }
  const size_t count = rd_kafka_ConsumerGroupDescription_member_count(described[0]);
  for (size_t i = 0; i < count; ++i) {
    const auto* told = rd_kafka_ConsumerGroupDescription_member(described[0], i);
    Member& member = members.emplace_back();
    member.client_id = rd_kafka_MemberDescription_client_id(told);
    const auto* assignment = rd_kafka_MemberDescription_assignment(told);
    const auto* list = assignment ? rd_kafka_MemberAssignment_partitions(assignment) : nullptr;
    for (int at = 0; list != nullptr && at < list->cnt; ++at) {
      member.partitions.push_back(static_cast<uint32_t>(list->elems[at].partition));
    }
  }
  return members;
}

Result<void> Admin::DeleteRecords(const std::string& topic, uint32_t partition, uint64_t before) {
  const std::lock_guard lock(impl_->mutex);
  const auto queue = impl_->Queue();
  Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), static_cast<int32_t>(partition))
      ->offset = static_cast<int64_t>(before);
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list.get());
  rd_kafka_DeleteRecords(impl_->handle.get(), &request, 1, nullptr, queue.get());
  rd_kafka_DeleteRecords_destroy(request);
  auto event = AwaitEvent(queue.get(), "deleting decided records of " + topic);
  if (!event) return tl::unexpected<Error>(event.error());
  const auto* result =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  if (result->cnt > 0 && result->elems[0].err) {
    return Failed("deleting decided records of " + topic, result->elems[0].err);
  }
  return {};
}

struct Producer::Impl {
  Owned<rd_kafka_t> handle;
  OnDelivered on_delivered;
  std::atomic<bool> stopping = false;
  std::thread poller;  // serves delivery reports

  static void Delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    const auto& impl = *static_cast<Impl*>(self);
    const auto opaque = reinterpret_cast<uint64_t>(message->_private);
    if (opaque == 0 || !impl.on_delivered) return;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      impl.on_delivered(opaque, static_cast<uint64_t>(message->offset));
    } else {
      impl.on_delivered(opaque, Failed("delivering a record", message->err));
    }
  }
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Producer::~Producer() {
  impl_->stopping = true;
  if (impl_->poller.joinable()) impl_->poller.join();
}

Result<std::unique_ptr<Producer>> Producer::Make(const Config& config, OnDelivered on_delivered) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->on_delivered = std::move(on_delivered);
  rd_kafka_conf_set_opaque(*conf, impl.get());
  rd_kafka_conf_set_dr_msg_cb(*conf, &Impl::Delivered);
  auto handle = MakeHandle(RD_KAFKA_PRODUCER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->handle = std::move(*handle);
  impl->poller = std::thread([raw = impl.get()] {
    while (!raw->stopping) rd_kafka_poll(raw->handle.get(), 50);
  });
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

Result<void> Producer::InitTransactions(Duration timeout) {
  return ToResult("taking over the transactional id",
                  rd_kafka_init_transactions(impl_->handle.get(), Millis(timeout)));
}

Result<void> Producer::Warm(const std::vector<std::string>& topics, Duration timeout) {
  for (const std::string& name : topics) {
    rd_kafka_topic_t* topic = rd_kafka_topic_new(impl_->handle.get(), name.c_str(), nullptr);
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto error = rd_kafka_metadata(impl_->handle.get(), 0, topic, &metadata, Millis(timeout));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    if (error) return Failed("asking for topic " + name, error);
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
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || waited_ms >= Millis(timeout)) {
      return Failed("producing to " + topic, error);
    }
    rd_kafka_poll(impl_->handle.get(), 10);
  }
}

Result<void> Producer::Commit(Duration timeout) {
  return ToResult("committing a transaction",
                  rd_kafka_commit_transaction(impl_->handle.get(), Millis(timeout)));
}

Result<void> Producer::Flush(Duration timeout) {
  const auto error = rd_kafka_flush(impl_->handle.get(), Millis(timeout));
  if (error) return Failed("flushing", error);
  return {};
}

struct Reader::Impl {
  Owned<rd_kafka_t> handle;
  std::vector<Owned<rd_kafka_queue_t>> queues;
  Owned<rd_kafka_queue_t> common;  // of the handle
  std::vector<Source> sources;
  // Messages that came through the handle's queue: the client may set that way for a partition
  // after it was given a queue of its own.
  std::vector<std::deque<Message>> strays;
  std::vector<bool> ended;  // the end of a source was met
  std::mutex mutex;
  std::function<void()> on_ready;  // guarded by mutex

  static void OnReady(rd_kafka_t*, void* self) {
    auto& impl = *static_cast<Impl*>(self);
    const std::lock_guard lock(impl.mutex);
    if (impl.on_ready) impl.on_ready();
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
          strays[i].push_back(ToMessage(*raw));
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

Result<std::unique_ptr<Reader>> Reader::Make(const Config& config) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto handle = MakeHandle(RD_KAFKA_CONSUMER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  auto impl = std::make_unique<Impl>();
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
  impl_->strays.assign(sources.size(), {});
  impl_->ended.assign(sources.size(), false);
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
  std::deque<Message>& strays = impl_->strays[source];
  rd_kafka_message_t* raw = nullptr;
  constexpr int kSliceMs = 100;
  int left_ms = strays.empty() ? Millis(timeout) : 0;
  while (true) {
    const int slice_ms = std::min(left_ms, kSliceMs);
    raw = rd_kafka_consume_queue(impl_->queues[source].get(), slice_ms);
    // After the partition's own queue: what was behind it there is not taken for what comes next.
    impl_->ServeHandle();
    left_ms -= slice_ms;
    if (raw != nullptr || !strays.empty() || left_ms <= 0) break;
  }
  Result<std::optional<Message>> result = std::nullopt;
  if (raw != nullptr) {
    if (raw->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      Message message = ToMessage(*raw);
      const auto at = std::find_if(strays.begin(), strays.end(), [&](const Message& stray) {
        return stray.offset > message.offset;
      });
      strays.insert(at, std::move(message));
    } else if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      impl_->ended[source] = true;
    } else {
      result = Failed("reading", raw->err, rd_kafka_message_errstr(raw));
    }
    rd_kafka_message_destroy(raw);
  }
  if (!result) return result;
  if (!strays.empty()) {
    result = std::move(strays.front());
    strays.pop_front();
  } else if (impl_->ended[source] && at_end) {
    *at_end = true;
  }
  return result;
}

void Reader::SetReady(std::function<void()> on_ready) {
  const std::lock_guard lock(impl_->mutex);
  impl_->on_ready = std::move(on_ready);
}

Result<Reader::Watermarks> Reader::QueryWatermarks(const std::string& topic, uint32_t partition,
                                                   Duration timeout) {
  int64_t low = 0;
  int64_t high = 0;
  // Right after a topic is made, or its leader moved, brokers disagree for a moment.
  constexpr int kStepMs = 20;
  for (int waited_ms = 0;; waited_ms += kStepMs) {
    const auto error = rd_kafka_query_watermark_offsets(impl_->handle.get(), topic.c_str(),
                                                        static_cast<int32_t>(partition), &low,
                                                        &high, Millis(timeout));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    const bool passes = error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                        error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                        error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                        error == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
                        error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (!passes || waited_ms >= Millis(timeout)) {
      return Failed("asking for the ends of " + topic, error);
    }
    rd_kafka_poll(impl_->handle.get(), kStepMs);
  }
  return Watermarks{static_cast<uint64_t>(low), static_cast<uint64_t>(high)};
}

struct GroupMember::Impl {
  std::string topic;
  Listener listener;
  Owned<rd_kafka_t> handle;

  Partitions Of(const rd_kafka_topic_partition_list_t& list) const {
    Partitions partitions;
    for (int i = 0; i < list.cnt; ++i) {
      if (topic == list.elems[i].topic) {
        partitions.push_back(static_cast<uint32_t>(list.elems[i].partition));
      }
    }
    return partitions;
  }

  static void Rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t* list, void* self) {
    const auto& impl = *static_cast<Impl*>(self);
    rd_kafka_error_t* error = nullptr;
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      // Where reading would begin; nothing is read, the partitions are paused before a fetch.
      for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = RD_KAFKA_OFFSET_END;
      error = rd_kafka_incremental_assign(handle, list);
      rd_kafka_pause_partitions(handle, list);
      impl.listener.assigned(impl.Of(*list));
    } else if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
      const bool lost = rd_kafka_assignment_lost(handle) != 0;
      (lost ? impl.listener.lost : impl.listener.revoked)(impl.Of(*list));
      error = rd_kafka_incremental_unassign(handle, list);
    } else {
      rd_kafka_assign(handle, nullptr);
    }
    // Whatever it was, the next rebalance tells again who has what.
    if (error != nullptr) rd_kafka_error_destroy(error);
  }
};

GroupMember::GroupMember(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GroupMember::~GroupMember() { rd_kafka_consumer_close(impl_->handle.get()); }

Result<std::unique_ptr<GroupMember>> GroupMember::Make(const Config& config,
                                                       const std::string& topic,
                                                       Listener listener) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->topic = topic;
  impl->listener = std::move(listener);
  rd_kafka_conf_set_opaque(*conf, impl.get());
  rd_kafka_conf_set_rebalance_cb(*conf, &Impl::Rebalance);
  auto handle = MakeHandle(RD_KAFKA_CONSUMER, *conf);
  if (!handle) return tl::unexpected<Error>(handle.error());
  impl->handle = std::move(*handle);
  rd_kafka_poll_set_consumer(impl->handle.get());
  Owned<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(impl->handle.get(), topics.get())) {
    return Failed("joining the group", error);
  }
  return std::unique_ptr<GroupMember>(new GroupMember(std::move(impl)));
}

Result<void> GroupMember::Poll(Duration timeout) {
  rd_kafka_message_t* raw = rd_kafka_consumer_poll(impl_->handle.get(), Millis(timeout));
  if (raw == nullptr) return {};
  Result<void> result;
  if (raw->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    result = Failed("taking part in the group", raw->err, rd_kafka_message_errstr(raw));
  }
  rd_kafka_message_destroy(raw);
  return result;
}

}  // namespace sluice::kafka
