#include "tests/kafka/kafka_proxy.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>

#include "events/result.h"

namespace sluice::testing {
namespace {

constexpr size_t kMessageBytesMax = size_t{256} << 20;
constexpr int16_t kNetworkException = 13;

// Big-endian, of `size` bytes at `at`; -1 where the message has fewer.
int64_t NumberAt(const std::string& message, size_t at, size_t size) {
  if (at + size > message.size()) return -1;
  int64_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    number = number << 8 | static_cast<unsigned char>(message[at + i]);
  }
  return number;
}

bool ReadAll(int socket, char* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t read = recv(socket, bytes + done, size - done, 0);
    if (read <= 0) return false;
    done += static_cast<size_t>(read);
  }
  return true;
}

bool WriteAll(int socket, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = send(socket, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (written <= 0) return false;
    done += static_cast<size_t>(written);
  }
  return true;
}

// One message without its length; nothing once the other side has gone.
std::optional<std::string> ReadMessage(int socket) {
  std::string length(4, '\0');
  if (!ReadAll(socket, length.data(), length.size())) return std::nullopt;
  const int64_t size = NumberAt(length, 0, 4);
  if (size > static_cast<int64_t>(kMessageBytesMax)) return std::nullopt;
  std::string message(static_cast<size_t>(size), '\0');
  if (!ReadAll(socket, message.data(), message.size())) return std::nullopt;
  return message;
}

bool WriteMessage(int socket, const std::string& message) {
  std::string bytes(4, '\0');
  for (size_t i = 0; i < 4; ++i) {
    bytes[3 - i] = static_cast<char>((message.size() >> (8 * i)) & 0xff);
  }
  return WriteAll(socket, bytes + message);
}

// The answer to Produce before version 9: correlation id, number of topics, the first one's name,
// its number of partitions, the first one's index and error.
void FailFirst(std::string& answer) {
  const int64_t name = NumberAt(answer, 8, 2);
  CHECK(name >= 0);
  const size_t error = 10 + static_cast<size_t>(name) + 8;
  CHECK(NumberAt(answer, error, 2) == 0);
  answer[error] = 0;
  answer[error + 1] = kNetworkException;
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void SendAtOnce(int socket) {
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace

KafkaProxy::KafkaProxy(uint16_t port, uint16_t broker)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int yes = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = Loopback(port);
  CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(listen(listener_, SOMAXCONN) == 0);
  accepting_ = std::jthread([this, broker] { Accept(broker); });
}

KafkaProxy::~KafkaProxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (const auto& connection : connections_) {
    shutdown(connection->client, SHUT_RDWR);
    shutdown(connection->broker, SHUT_RDWR);
    connection->requests.join();
    connection->answers.join();
    close(connection->client);
    close(connection->broker);
  }
  close(listener_);
}

void KafkaProxy::Order(int16_t api_key, Spoil spoil, size_t times) {
  const std::lock_guard lock(mutex_);
  api_key_ = api_key;
  spoil_ = spoil;
  left_ = times;
}

bool KafkaProxy::AwaitSpoilt() {
  std::unique_lock lock(mutex_);
  return spoilt_.wait_for(lock, std::chrono::minutes(1), [&] { return left_ == 0; });
}

bool KafkaProxy::TakeOrder(int16_t api_key, Spoil* spoil) {
  const std::lock_guard lock(mutex_);
  if (left_ == 0 || api_key != api_key_) return false;
  *spoil = spoil_;
  if (--left_ == 0) spoilt_.notify_all();
  return true;
}

void KafkaProxy::Accept(uint16_t broker) {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_ || client < 0) {
      if (client >= 0) close(client);
      return;
    }
    auto connection = std::make_unique<Connection>();
    connection->client = client;
    connection->broker = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(broker);
    if (connect(connection->broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
      close(client);
      close(connection->broker);
      continue;
    }
    SendAtOnce(client);
    SendAtOnce(connection->broker);
    Connection& passing = *connections_.emplace_back(std::move(connection));
    passing.requests = std::jthread([this, &passing] { PassRequests(passing); });
    passing.answers = std::jthread([this, &passing] { PassAnswers(passing); });
  }
}

void KafkaProxy::PassRequests(Connection& connection) {
  while (auto request = ReadMessage(connection.client)) {
    const auto api_key = static_cast<int16_t>(NumberAt(*request, 0, 2));
    const auto correlation = static_cast<int32_t>(NumberAt(*request, 4, 4));
    Spoil spoil{};
    if (TakeOrder(api_key, &spoil)) {
      if (spoil == Spoil::kRequest) continue;
      const std::lock_guard lock(connection.mutex);
      connection.spoilt[correlation] = spoil;
    }
    if (!WriteMessage(connection.broker, *request)) break;
  }
  shutdown(connection.broker, SHUT_RDWR);
}

void KafkaProxy::PassAnswers(Connection& connection) {
  while (auto answer = ReadMessage(connection.broker)) {
    const auto correlation = static_cast<int32_t>(NumberAt(*answer, 0, 4));
    std::optional<Spoil> spoil;
    {
      const std::lock_guard lock(connection.mutex);
      if (const auto at = connection.spoilt.extract(correlation)) spoil = at.mapped();
    }
    if (spoil == Spoil::kAnswer) continue;
    if (spoil == Spoil::kProduce) FailFirst(*answer);
    if (!WriteMessage(connection.client, *answer)) break;
  }
  shutdown(connection.client, SHUT_RDWR);
}

}  // namespace sluice::testing
