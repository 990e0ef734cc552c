#include "engine/journal/kafka/rdkafka_withheld.h"

#include "engine/journal/kafka/rdkafka_handle.h"

namespace sluice::kafka {
namespace {

constexpr int kAskMs = 1000;
constexpr std::chrono::milliseconds kAskEvery{250};

bool IsWithheld(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

}  // namespace

bool WithheldTopics::MayTryAgain(rd_kafka_t* handle, const std::string& topic,
                                 rd_kafka_resp_err_t error) {
  return IsWithheld(error) && !Has(topic) && Ask(handle, topic);
}

void WithheldTopics::Note(const std::string& topic, rd_kafka_resp_err_t error) {
  if (!IsWithheld(error)) return;
  const std::lock_guard lock(mutex_);
  topics_.insert(topic);
}

void WithheldTopics::AskAgain(rd_kafka_t* handle) {
  std::set<std::string> topics;
  {
    const std::lock_guard lock(mutex_);
    topics = topics_;
  }
  if (topics.empty() || Clock::now() < asked_ + kAskEvery) return;
  for (const std::string& topic : topics) Ask(handle, topic);
  asked_ = Clock::now();
}

std::optional<std::string> WithheldTopics::Any() const {
  const std::lock_guard lock(mutex_);
  if (topics_.empty()) return std::nullopt;
  return *topics_.begin();
}

bool WithheldTopics::Has(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  return topics_.contains(topic);
}

bool WithheldTopics::Ask(rd_kafka_t* handle, const std::string& topic) {
  const bool allowed = AskForTopic(handle, topic, kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
  const std::lock_guard lock(mutex_);
  if (allowed) {
    topics_.erase(topic);
  } else {
    topics_.insert(topic);
  }
  return allowed;
}

}  // namespace sluice::kafka
