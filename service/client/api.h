// The one way a program reaches Sluice: a request in, a response out, or a stream of lines.
// HttpClient does it over a socket; a router in the same process may stand in its place (`sluice
// --data`, tests).
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // Path and query, percent-encoded: "/apis/sluice.dev/v1/bindings?limit=5".
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  // Call: until the whole response is there. Stream: until its header is there. Zero: no bound.
  Duration timeout = Duration::Seconds(60);
  // Stream only: it ends by itself after this long, as if stopped. Zero: no bound.
  Duration stream_for{};
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers{};  // Names in lower case.
  std::string body{};

  bool ok() const { return status >= 200 && status < 300; }
};

enum class StreamEnd : uint8_t {
  kServer = 0,   // The server ended it in good order.
  kCaller = 1,   // The callback returned false, or the stop token was set.
  kElapsed = 2,  // `stream_for` is over.
  kRefused = 3,  // The status was not 2xx: `response.body` says why, no line was delivered.
};

struct StreamOutcome {
  StreamEnd end = StreamEnd::kServer;
  HttpResponse response{};  // Of a 2xx stream the body is empty: it went to the callback.
};

// Receives one line without its line feed; false ends the stream. Runs on the caller's thread.
using LineCallback = std::function<bool(std::string_view line)>;

// Errors of both calls: kUnavailable when nobody answers, the connection breaks or time runs out
// (the message names the server and says what to do); kInvalid for an address that makes no sense.
// A response of any status is no error. Implementations may be used from several threads.
class Api {
 public:
  virtual ~Api() = default;

  [[nodiscard]] virtual Result<HttpResponse> Call(const HttpRequest& request) = 0;

  // Blocks until the stream ends. A line cut off by a broken connection is not delivered.
  [[nodiscard]] virtual Result<StreamOutcome> Stream(const HttpRequest& request,
                                                     const LineCallback& on_line,
                                                     std::stop_token stop = {}) = 0;

  // Whom it talks to, for messages: "http://127.0.0.1:7420".
  virtual std::string address() const = 0;
};

}  // namespace sluice
