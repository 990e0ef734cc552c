#include "engine/journal/kafka/rdkafka_handle.h"

namespace sluice::kafka {
namespace {

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

}  // namespace

tl::unexpected<Error> Failed(std::string_view doing, rd_kafka_resp_err_t error,
                             std::string_view more) {
  return Err(CodeOf(error), "Kafka: {}: {}: {}", doing, rd_kafka_err2name(error),
             more.empty() ? std::string_view(rd_kafka_err2str(error)) : more);
}

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

Result<Owned<rd_kafka_t>> MakeHandle(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char reason[kReasonBytes];
  rd_kafka_t* handle = rd_kafka_new(type, conf, reason, sizeof reason);
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Err(ErrorCode::kInvalid, "Kafka: {}", reason);
  }
  return Owned<rd_kafka_t>(handle);
}

}  // namespace sluice::kafka
