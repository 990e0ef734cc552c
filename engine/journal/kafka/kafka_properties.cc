#include "engine/journal/kafka/kafka_properties.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <set>

namespace sluice::kafka {
namespace {

// What the journal sets itself.
struct OwnProperty {
  std::string_view name;
  std::string_view allowed;  // values that say what it does anyway; empty: none
  std::string_view why;      // and what to do instead
};

constexpr OwnProperty kOwnProperties[] = {
    {"bootstrap.servers", "", "the brokers are given by --kafka or the section's `brokers`"},
    {"metadata.broker.list", "", "the brokers are given by --kafka or the section's `brokers`"},
    {"transactional.id", "",
     "it is CLUSTER-PARTITION: by it a new owner fences the old one (docs/kafka.md, step 1)"},
    {"transaction.timeout.ms", "",
     "a transaction must not outlive the session of its owner; set session.timeout.ms instead"},
    {"enable.idempotence", "true",
     "without it the broker does not drop a producer's duplicates; leave it away"},
    {"acks", "all -1", "an acknowledgement must mean durable (I12); leave it away"},
    {"request.required.acks", "all -1",
     "an acknowledgement must mean durable (I12); leave it away"},
    {"isolation.level", "read_committed",
     "what is not committed must not be read (I1, I3); leave it away"},
    {"enable.auto.commit", "false",
     "input offsets come from the log, never from a group; leave it away"},
    {"enable.auto.offset.store", "false",
     "input offsets come from the log, never from a group; leave it away"},
    {"auto.offset.reset", "error",
     "an offset that is not there stops the partition, nothing is passed over; leave it away"},
    {"group.id", "", "it is CLUSTER.owners; give --cluster instead"},
    {"group.instance.id", "", "members of the group are told apart by the group; leave it away"},
    {"client.id", "", "by it nodes find each other; give --name instead"},
    {"partition.assignment.strategy", "cooperative-sticky",
     "partitions move one by one; leave it away"},
    {"enable.partition.eof", "", "the journal sets it where it reads to an end; leave it away"},
    {"allow.auto.create.topics", "false",
     "a topic made by the broker has not the settings it must have; leave it away"},
    {"enable.gapless.guarantee", "false",
     "a lost batch ends a term, not the producer; leave it away"},
};

bool Names(std::string_view words, std::string_view word) {
  for (size_t at = 0; at < words.size();) {
    const size_t end = std::min(words.find(' ', at), words.size());
    if (words.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

Result<void> CheckOwn(const std::string& name, const std::string& value) {
  for (const OwnProperty& own : kOwnProperties) {
    if (own.name != name || Names(own.allowed, value)) continue;
    return Err(ErrorCode::kInvalid, "Kafka property {} is not to be set{}: {}", name,
               own.allowed.empty() ? "" : fmt::format(" to '{}'", value), own.why);
  }
  return {};
}

// A property that has to be a number within bounds.
Result<void> CheckNumber(const Config& properties, const char* name, int64_t low, int64_t high,
                         std::string_view why) {
  const auto given = properties.find(name);
  if (given == properties.end()) return {};
  const std::string& text = given->second;
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && number >= low &&
      number <= high) {
    return {};
  }
  return Err(ErrorCode::kInvalid, "Kafka property {} is '{}', it must be {} to {}: {}", name, text,
             low, high, why);
}

constexpr size_t kSecretBytesMin = 4;  // a shorter one hides nothing and would blot out words
constexpr std::string_view kMark = "[redacted]";

std::mutex secrets_mutex;
// Guarded by secrets_mutex; the longest first, so that no secret is cut by one within it.
struct LongerFirst {
  bool operator()(const std::string& one, const std::string& other) const {
    return one.size() != other.size() ? one.size() > other.size() : one < other;
  }
};
std::set<std::string, LongerFirst> secrets;  // NOLINT: of the whole process, see the header

void AddSecret(std::string_view secret) {
  if (secret.size() >= kSecretBytesMin) secrets.emplace(secret);
}

}  // namespace

bool IsSecret(std::string_view property) {
  return property.ends_with("password") || property.ends_with("secret") ||
         property.ends_with(".pem") || property == "ssl_key" ||
         property == "sasl.oauthbearer.config" || property == "sasl.kerberos.kinit.cmd";
}

void KeepSecrets(const Config& properties) {
  const std::lock_guard lock(secrets_mutex);
  for (const auto& [name, value] : properties) {
    if (!IsSecret(name)) continue;
    AddSecret(value);
    // An error may quote a line of a key, or one of several name=value words.
    constexpr std::string_view kBlanks = " \t\r\n,";
    for (size_t at = value.find_first_not_of(kBlanks); at < value.size();) {
      const size_t end = std::min(value.find_first_of(kBlanks, at), value.size());
      std::string_view word(value.data() + at, end - at);
      const size_t equals = word.find('=');
      if (equals + 1 < word.size() && equals != std::string_view::npos) {
        word.remove_prefix(equals + 1);
      }
      constexpr size_t kWordBytesMin = 8;
      if (word.size() >= kWordBytesMin) AddSecret(word);
      at = value.find_first_not_of(kBlanks, end);
    }
  }
}

std::string Redacted(std::string text) {
  const std::lock_guard lock(secrets_mutex);
  for (const std::string& secret : secrets) {
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kMark.size()) {
      text.replace(at, secret.size(), kMark);
    }
  }
  return text;
}

Result<void> CheckProperties(const Config& properties) {
  KeepSecrets(properties);
  for (const auto& [name, value] : properties) {
    if (auto own = CheckOwn(name, value); !own) return own;
  }
  constexpr int kSecond = 1000;
  auto session =
      CheckNumber(properties, "session.timeout.ms", kSecond, 300 * kSecond,
                  "it is how long a dead node's partitions wait, and the bound of a transaction");
  if (!session) return session;
  constexpr int64_t kGigabyte = 1'000'000'000;
  for (const char* name : {"message.max.bytes", "fetch.max.bytes", "receive.message.max.bytes"}) {
    auto room = CheckNumber(properties, name, kRecordBytesMax, kGigabyte,
                            "a decision may have that many bytes; raise it or leave it away");
    if (!room) return room;
  }
  constexpr int64_t kKilobytesMax = 2'097'151;  // librdkafka's
  auto queue =
      CheckNumber(properties, "queue.buffering.max.kbytes", kRecordBytesMax / 1024, kKilobytesMax,
                  "a decision may have that much; raise it or leave it away");
  if (!queue) return queue;
  return CheckConfig(properties);
}

}  // namespace sluice::kafka
