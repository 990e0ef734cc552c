// A proxy between clients and a Kafka broker that lets every request and answer pass, but for those
// it is told to spoil: for what a broker on loopback never does by itself.
//
// Knows of the protocol: each message has its length in 4 bytes before it; a request begins with
// api key, version (2 bytes each) and correlation id (4), an answer with that id. Clear text only.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice::testing {

// Of Kafka's protocol.
inline constexpr int16_t kProduceRequest = 0;
inline constexpr int16_t kEndTxnRequest = 26;

enum class Spoil : uint8_t {
  kRequest = 0,  // it does not reach the broker
  kAnswer = 1,   // the broker does it, nobody hears of that
  kProduce = 2,  // the broker takes the records, and the answer says NETWORK_EXCEPTION of the first
};

// Threadsafe.
class KafkaProxy {
 public:
  // Listens on `port` of loopback and hands on to `broker`'s. CHECKs that it can.
  KafkaProxy(uint16_t port, uint16_t broker);
  ~KafkaProxy();
  KafkaProxy(const KafkaProxy&) = delete;
  KafkaProxy& operator=(const KafkaProxy&) = delete;

  static constexpr size_t kUntilStopped = SIZE_MAX;
  // The next `times` requests of this key meet that; what is left of a former order is dropped.
  void Order(int16_t api_key, Spoil spoil, size_t times = 1);
  // All pass again.
  void Stop() { Order(-1, Spoil::kRequest, 0); }
  // Waits until all that is ordered has happened; false when it has not within a minute.
  bool AwaitSpoilt();

 private:
  struct Connection {
    int client = -1;
    int broker = -1;
    std::mutex mutex;
    std::map<int32_t, Spoil> spoilt;  // answers, by correlation id; guarded by mutex
    std::jthread requests;
    std::jthread answers;
  };
  void Accept(uint16_t broker);
  void PassRequests(Connection& connection);
  void PassAnswers(Connection& connection);
  // What is to happen to a request of this key, if anything.
  bool TakeOrder(int16_t api_key, Spoil* spoil);

  int listener_ = -1;
  std::mutex mutex_;
  std::condition_variable spoilt_;
  // Guarded by mutex_.
  int16_t api_key_ = -1;
  Spoil spoil_ = Spoil::kRequest;
  size_t left_ = 0;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;

  std::jthread accepting_;
};

}  // namespace sluice::testing
