#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "service/backend.h"
#include "service/http_message.h"
#include "service/timers.h"

namespace sluice::service {

struct RouterOptions {
  std::function<int64_t()> now_us;  // since the Unix epoch; ages and bookmarks count by it
  std::string version = "dev";
  std::chrono::milliseconds read_wait{10'000};     // for a read that waits for a resourceVersion
  std::chrono::milliseconds command_wait{30'000};  // for a command's final answer
  std::chrono::milliseconds bookmark_every{60'000};
  std::chrono::milliseconds log_poll{250};  // how often a followed log is read
  uint64_t page_items_max = 5'000;          // a longer list is continued in another page
  size_t command_bytes_max = 256 * 1024;
  std::chrono::milliseconds webhook_wait{8'000};  // GitHub waits ten seconds
  std::string github_webhook_secret;              // empty: /webhooks/github is off
};

struct HttpCounters;
struct RouterContext;

// The API of design §7 as a function from request to reply, free of sockets, so that the server and
// the CLI (in process, on a data directory) share it. Thread-safe. The backend
// outlives the timers, and both outlive the router.
class Router {
 public:
  using Done = std::function<void(Reply)>;

  Router(Backend& backend, Timers& timers, RouterOptions options);
  ~Router();

  // Calls `done` at most once: before it returns, or from a thread of the backend or the timers.
  void Handle(Request request, Done done);

  // What the listener counts about itself; shown in /metrics.
  const std::shared_ptr<HttpCounters>& counters() const;

  // For use in process: what would have to wait is answered 504. Needs no timers that fire.
  Reply HandleNow(Request request);

 private:
  std::shared_ptr<const RouterContext> context_;
};

// Timers that never fire, for HandleNow.
class NoTimers : public Timers {
 public:
  std::unique_ptr<Registration> After(std::chrono::milliseconds, std::function<void()>) override {
    return nullptr;
  }
};

}  // namespace sluice::service
