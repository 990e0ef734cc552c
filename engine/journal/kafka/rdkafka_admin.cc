// Topics' and groups' admin.
#include <algorithm>
#include <mutex>
#include <string_view>

#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/journal/kafka/rdkafka_handle.h"

namespace sluice::kafka {
namespace {

constexpr int kAnswerMs = 30'000;
constexpr int kSliceMs = 100;
constexpr int kMetadataMs = 10'000;
constexpr int kGroupMs = 2000;

// Reads big-endian numbers off the front of bytes; past their end they are 0.
int64_t TakeNumber(std::string_view& bytes, size_t size) {
  uint64_t number = 0;
  if (bytes.size() < size) {
    bytes = {};
    return 0;
  }
  for (size_t i = 0; i < size; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(size);
  return static_cast<int64_t>(number);
}

// Of every topic in an assignment as Kafka's consumer protocol has it: version, then per topic its
// name and its partitions.
std::vector<uint32_t> AssignedPartitions(std::string_view assignment) {
  std::vector<uint32_t> partitions;
  TakeNumber(assignment, 2);
  for (int64_t topics = TakeNumber(assignment, 4); topics > 0 && !assignment.empty(); --topics) {
    const auto name = static_cast<size_t>(TakeNumber(assignment, 2));
    assignment.remove_prefix(std::min(name, assignment.size()));
    for (int64_t left = TakeNumber(assignment, 4); left > 0 && assignment.size() >= 4; --left) {
      partitions.push_back(static_cast<uint32_t>(TakeNumber(assignment, 4)));
    }
  }
  return partitions;
}

}  // namespace

struct Admin::Impl {
  Owned<rd_kafka_t> handle;
  Hurry hurry = nullptr;
  Trouble trouble;
  std::mutex mutex;  // one request at a time

  static void OnError(rd_kafka_t*, int error, const char* reason, void* self) {
    static_cast<Impl*>(self)->trouble.Note(static_cast<rd_kafka_resp_err_t>(error), reason);
  }

  // Of one request: an answer that comes too late for it is not taken for another's.
  Owned<rd_kafka_queue_t> Queue() {
    trouble.Clear();
    return Owned<rd_kafka_queue_t>(rd_kafka_queue_new(handle.get()));
  }

  tl::unexpected<Error> Explained(tl::unexpected<Error> failed) {
    rd_kafka_poll(handle.get(), 0);  // what the client's threads have met
    return tl::unexpected<Error>(trouble.Explained(std::move(failed.value())));
  }

  // Waits for the one result of an admin request.
  Result<Owned<rd_kafka_event_t>> Await(rd_kafka_queue_t* queue, std::string_view doing) {
    Owned<rd_kafka_event_t> event;
    for (int left_ms = kAnswerMs; !event && left_ms > 0 && !Hurried(hurry); left_ms -= kSliceMs) {
      event.reset(rd_kafka_queue_poll(queue, kSliceMs));
    }
    if (!event) return Explained(Err(ErrorCode::kUnavailable, "Kafka: {}: no answer", doing));
    if (const auto error = rd_kafka_event_error(event.get())) {
      return Explained(Failed(doing, error, rd_kafka_event_error_string(event.get())));
    }
    return event;
  }
};

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

Result<std::unique_ptr<Admin>> Admin::Make(const Config& config, Hurry hurry) {
  // A producer that asks for a topic lets brokers make it; a consumer does not.
  auto impl = MakeConsumer<Impl>(config, hurry);
  if (!impl) return tl::unexpected<Error>(impl.error());
  return std::unique_ptr<Admin>(new Admin(std::move(*impl)));
}

Result<std::map<std::string, int>> Admin::PartitionCounts(const std::vector<std::string>& topics) {
  const std::lock_guard lock(impl_->mutex);
  impl_->trouble.Clear();
  std::map<std::string, int> counts;
  // By name, one by one: a list of all leaves out what this client may not see.
  for (const std::string& name : topics) {
    int partitions = 0;
    const auto error = AskForTopic(impl_->handle.get(), name, kMetadataMs, &partitions);
    if (!error) counts[name] = partitions;
    if (error && error != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      return impl_->Explained(Failed("asking for topic " + name, error, "", {"Describe", name}));
    }
  }
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
  auto event = impl_->Await(queue.get(), "creating topics");
  if (!event) return tl::unexpected<Error>(event.error());
  size_t count = 0;
  const auto** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      const char* why = rd_kafka_topic_result_error_string(results[i]);
      const char* name = rd_kafka_topic_result_name(results[i]);
      return Failed(fmt::format("creating topic {}", name), error, why == nullptr ? "" : why,
                    {"Create", name});
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
  auto event = impl_->Await(queue.get(), "reading the settings of topic " + topic);
  if (!event) return tl::unexpected<Error>(event.error());
  size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  std::map<std::string, std::string> config;
  for (size_t i = 0; i < count; ++i) {
    if (const auto error = rd_kafka_ConfigResource_error(resources[i])) {
      return Failed("reading the settings of topic " + topic, error, "",
                    {"DescribeConfigs", topic});
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

// By the older request: DescribeConsumerGroups ends the process in librdkafka 2.0.2 (an assertion
// in rdkafka_queue.h) when it times out, as it does while no broker answers.
Result<std::vector<Admin::Member>> Admin::Members(const std::string& group) {
  const std::lock_guard lock(impl_->mutex);
  const rd_kafka_group_list* groups = nullptr;
  const auto error = rd_kafka_list_groups(impl_->handle.get(), group.c_str(), &groups, kGroupMs);
  if (error) {
    if (groups != nullptr) rd_kafka_group_list_destroy(groups);  // a part of them
    return Failed("asking who is in group " + group, error, "", {"Describe", group});
  }
  std::vector<Member> members;
  for (int i = 0; i < groups->group_cnt; ++i) {
    const rd_kafka_group_info& info = groups->groups[i];
    for (int j = 0; j < info.member_cnt && group == info.group; ++j) {
      const rd_kafka_group_member_info& told = info.members[j];
      members.push_back({.client_id = told.client_id,
                         .partitions = AssignedPartitions(
                             {static_cast<const char*>(told.member_assignment),
                              static_cast<size_t>(std::max(told.member_assignment_size, 0))})});
    }
  }
  rd_kafka_group_list_destroy(groups);
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
  auto event = impl_->Await(queue.get(), "deleting decided records of " + topic);
  if (!event) return tl::unexpected<Error>(event.error());
  const auto* result =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  if (result->cnt > 0 && result->elems[0].err) {
    return Failed("deleting decided records of " + topic, result->elems[0].err, "",
                  {"Delete", topic});
  }
  return {};
}

}  // namespace sluice::kafka
