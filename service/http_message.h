#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace sluice::service {

// A request as the router sees it, free of any HTTP library.
struct Request {
  std::string method;  // "GET"
  std::string target;  // path and query, still percent-encoded
  std::string body;
  std::string content_type;
  std::string accept;
  std::string host;        // of the Host header; empty in process
  std::string origin;      // of the Origin header, which only browsers send
  std::string connection;  // the other end, while it is connected; empty in process
  // X-GitHub-* and X-Hub-*, names in lower case: what webhooks come with.
  std::map<std::string, std::string> webhook_headers{};
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  int retry_after_s = 0;  // a header where it is not 0
};

// Wakes whoever reads a stream. A wake that comes before there is a listener is kept. Thread-safe;
// the listener must not block.
class Waker {
 public:
  void Wake() {
    std::function<void()> listener;
    {
      const std::lock_guard lock(mutex_);
      if (!listener_) pending_ = true;
      listener = listener_;
    }
    if (listener) listener();
  }
  void Listen(std::function<void()> listener) {
    bool pending = false;
    {
      const std::lock_guard lock(mutex_);
      listener_ = listener;
      std::swap(pending, pending_);
    }
    if (pending && listener) listener();
  }

 private:
  std::mutex mutex_;
  std::function<void()> listener_;  // guarded by mutex_
  bool pending_ = false;            // guarded by mutex_
};

// A body that goes on: a watch, or a log being followed. Pulled by one thread at a time, which asks
// again only when what it got is written, so a stream holds at most one chunk for a slow client.
class Stream {
 public:
  struct Chunk {
    std::string bytes;
    bool end = false;
    // When to ask again if `bytes` is empty and nobody wakes; zero: only when woken.
    std::chrono::milliseconds ask_again{0};
  };
  virtual ~Stream() = default;
  virtual Chunk Next() = 0;
  // The last bytes before the server closes the stream by itself.
  virtual std::string Farewell() { return {}; }
  virtual std::shared_ptr<Waker> waker() const { return nullptr; }
};

// An answer: `response.body` is complete, or `stream` gives it.
struct Reply {
  Response response;
  std::unique_ptr<Stream> stream;
};

}  // namespace sluice::service
