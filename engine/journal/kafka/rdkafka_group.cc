// A member of a consumer group.
#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/journal/kafka/rdkafka_handle.h"

namespace sluice::kafka {

struct GroupMember::Impl {
  std::string group;
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
  impl->group = config.at("group.id");
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
    const bool of_group = raw->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    result = Failed("taking part in group " + impl_->group, raw->err, rd_kafka_message_errstr(raw),
                    of_group ? Right{"Read", impl_->group} : Right{"Read", impl_->topic});
  }
  rd_kafka_message_destroy(raw);
  return result;
}

}  // namespace sluice::kafka
