#include "engine/journal/kafka/rdkafka_handle.h"

#include <algorithm>
#include <iostream>

#include "engine/journal/kafka/kafka_properties.h"

namespace sluice::kafka {
namespace {

ErrorCode CodeOf(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return ErrorCode::kFenced;
    // Nothing is wrong with what was asked. Whether it passes is the brokers' to say, or whoever
    // runs them; docs/kafka.md has the table.
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return ErrorCode::kUnavailable;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kIo;
  }
}

// Whether brokers or client said no to this record. All else is about where and when: a leader that
// dies has many ways to say so.
bool IsRefusal(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return true;
    default:
      return false;
  }
}

// What kind of resource an error is about to which this client has no right; empty: another error.
std::string_view ResourceKind(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "topic";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "group";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "cluster";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "transactional id";
    default:
      return "";
  }
}

// What to do about an error that somebody has to mend.
std::string Mend(rd_kafka_resp_err_t error, const Right& right) {
  if (const std::string_view kind = ResourceKind(error); !kind.empty()) {
    return fmt::format("; allow {} with kafka-acls (docs/kafka.md lists what is needed)",
                       right.resource.empty()
                           ? "it"
                           : fmt::format("{} on {} {}", right.operation, kind, right.resource));
  }
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; raise the topic's max.message.bytes";
    default:
      return "";
  }
}

void Log(const rd_kafka_t*, int, const char* facility, const char* text) {
  // A property of producers is given to consumers, too, and the other way round.
  if (std::string_view(facility) == "CONFWARN") return;
  std::cerr << Redacted(fmt::format("kafka: {}: {}", facility, text)) << std::endl;
}

}  // namespace

void Trouble::Note(rd_kafka_resp_err_t error, const char* reason) {
  const bool refused = error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                       error == RD_KAFKA_RESP_ERR__SSL ||
                       error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
  const std::lock_guard lock(mutex_);
  if (refused_ && !refused) return;
  refused_ = refused;
  text_ = Redacted(reason);
}

void Trouble::Clear() {
  const std::lock_guard lock(mutex_);
  text_.clear();
  refused_ = false;
}

Error Trouble::Explained(Error error) const {
  const std::lock_guard lock(mutex_);
  if (error.code != ErrorCode::kUnavailable || text_.empty()) return error;
  error.message += refused_ ? "; the brokers refuse this client: " : "; last met: ";
  error.message += text_;
  return error;
}

tl::unexpected<Error> Failed(std::string_view doing, rd_kafka_resp_err_t error,
                             std::string_view more, const Right& right) {
  return Err(CodeOf(error), "{}",
             Redacted(fmt::format("Kafka: {}: {}: {}{}", doing, rd_kafka_err2name(error),
                                  more.empty() ? std::string_view(rd_kafka_err2str(error)) : more,
                                  Mend(error, right))));
}

tl::unexpected<Error> Undelivered(std::string_view doing, rd_kafka_resp_err_t error,
                                  const Right& right) {
  auto failed = Failed(doing, error, "", right);
  failed.value().code = IsRefusal(error) ? ErrorCode::kInvalid : ErrorCode::kUnavailable;
  return failed;
}

Result<void> ToResult(std::string_view doing, rd_kafka_error_t* error, const Right& right) {
  if (error == nullptr) return {};
  auto failed = Failed(doing, rd_kafka_error_code(error), rd_kafka_error_string(error), right);
  rd_kafka_error_destroy(error);
  return failed;
}

rd_kafka_resp_err_t AskForTopic(rd_kafka_t* handle, const std::string& name, int timeout_ms,
                                int* partitions) {
  rd_kafka_topic_t* topic = rd_kafka_topic_new(handle, name.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  auto error = rd_kafka_metadata(handle, 0, topic, &metadata, timeout_ms);
  rd_kafka_topic_destroy(topic);
  if (error) return error;
  error =
      metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (!error && partitions != nullptr) *partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  return error;
}

Result<rd_kafka_conf_t*> MakeConf(const Config& config) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char reason[kReasonBytes];
  for (const auto& [name, value] : config) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return Err(ErrorCode::kInvalid, "Kafka property {}: {}", name, Redacted(reason));
    }
  }
  rd_kafka_conf_set_log_cb(conf, &Log);
  return conf;
}

Result<void> CheckConfig(const Config& config) {
  auto conf = MakeConf(config);
  if (!conf) return tl::unexpected<Error>(std::move(conf.error()));
  rd_kafka_conf_destroy(*conf);
  return {};
}

Result<Owned<rd_kafka_t>> MakeHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char reason[kReasonBytes];
  rd_kafka_t* handle = rd_kafka_new(type, conf, reason, sizeof reason);
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Err(ErrorCode::kInvalid, "Kafka: {}", Redacted(reason));
  }
  return Owned<rd_kafka_t>(handle);
}

}  // namespace sluice::kafka
