// An HTTP server for tests: answers what a function says, a thread per connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::testing {

struct FakeRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

enum class FakeEnd : uint8_t {
  kOrderly = 0,  // Ends the answer as HTTP asks.
  kCut = 1,      // Closes the connection in the middle of the answer.
  kHold = 2,     // Says no more until the client closes the connection.
};

struct FakeReply {
  int status = 200;
  std::string body{};
  std::vector<std::string> chunks{};  // When there are some: sent chunked, instead of `body`.
  FakeEnd end = FakeEnd::kOrderly;
  bool close = false;  // Closes an orderly connection after this answer.
  std::string content_type = "application/json";
};

class FakeServer {
 public:
  using Handler = std::function<FakeReply(const FakeRequest&)>;

  // Listens on a free loopback port. Calls of the handler are serialised.
  explicit FakeServer(Handler handler);
  ~FakeServer();

  std::string url() const;
  int connections() const;
  std::vector<FakeRequest> requests() const;  // All so far, in order.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "http://127.0.0.1:PORT" of a port nobody listens on.
std::string UnusedUrl();

}  // namespace sluice::testing
