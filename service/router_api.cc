#include "service/router_api.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "service/client/line_splitter.h"

namespace sluice::service {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Something one thread waits for and others tell of.
class Bell {
 public:
  void Ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  // False when nobody rang in time; without a time it waits for ever.
  bool Wait(std::optional<SteadyClock::time_point> until) {
    std::unique_lock lock(mutex_);
    const auto rung = [this] { return rung_; };
    if (!until) {
      changed_.wait(lock, rung);
    } else {
      changed_.wait_until(lock, *until, rung);
    }
    return std::exchange(rung_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;  // guarded by mutex_
};

std::optional<SteadyClock::time_point> After(Duration duration) {
  if (duration.us <= 0) return std::nullopt;
  return SteadyClock::now() + std::chrono::microseconds(duration.us);
}

std::string Header(const HttpRequest& request, std::string_view wanted) {
  for (const auto& [name, value] : request.headers) {
    const bool same = std::equal(
        name.begin(), name.end(), wanted.begin(), wanted.end(),
        [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
    if (same) return value;
  }
  return {};
}

HttpResponse HeadOf(const Response& response) {
  HttpResponse head;
  head.status = response.status;
  head.headers["content-type"] = response.content_type;
  if (response.retry_after_s > 0) {
    head.headers["retry-after"] = std::to_string(response.retry_after_s);
  }
  return head;
}

}  // namespace

RouterApi::RouterApi(Router& router, std::string address)
    : router_(router), address_(std::move(address)) {}

Result<Reply> RouterApi::Send(const HttpRequest& request) {
  // Shared: an answer that comes too late still finds its slot.
  struct Slot {
    Bell bell;
    std::mutex mutex;
    std::optional<Reply> reply;  // guarded by mutex
  };
  const auto slot = std::make_shared<Slot>();
  Request inner;
  inner.method = request.method;
  inner.target = request.target;
  inner.body = request.body;
  inner.content_type = Header(request, "content-type");
  inner.accept = Header(request, "accept");
  router_.Handle(std::move(inner), [slot](Reply reply) {
    {
      const std::lock_guard lock(slot->mutex);
      slot->reply = std::move(reply);
    }
    slot->bell.Ring();
  });
  if (!slot->bell.Wait(After(request.timeout))) {
    return Err(ErrorCode::kUnavailable, "{}: no answer in time", address_);
  }
  const std::lock_guard lock(slot->mutex);
  return *std::move(slot->reply);
}

Result<HttpResponse> RouterApi::Call(const HttpRequest& request) {
  Result<Reply> reply = Send(request);
  if (!reply) return tl::unexpected(reply.error());
  HttpResponse response = HeadOf(reply->response);
  response.body = std::move(reply->response.body);
  // Of a stream, what it has now.
  while (reply->stream != nullptr) {
    const auto chunk = reply->stream->Next();
    response.body += chunk.bytes;
    if (chunk.end || chunk.bytes.empty()) break;
  }
  return response;
}

Result<StreamOutcome> RouterApi::Stream(const HttpRequest& request, const LineCallback& on_line,
                                        std::stop_token stop) {
  Result<Reply> reply = Send(request);
  if (!reply) return tl::unexpected(reply.error());
  StreamOutcome outcome;
  outcome.response = HeadOf(reply->response);
  LineSplitter splitter;
  if (reply->stream == nullptr) {
    outcome.response.body = std::move(reply->response.body);
    if (!outcome.response.ok()) {
      outcome.end = StreamEnd::kRefused;
      return outcome;
    }
    const std::string body = std::exchange(outcome.response.body, {});
    const Result<bool> fed = splitter.Feed(body, on_line);
    if (!fed) return tl::unexpected(fed.error());
    outcome.end = *fed && splitter.Finish(on_line) ? StreamEnd::kServer : StreamEnd::kCaller;
    return outcome;
  }
  const auto bell = std::make_shared<Bell>();
  const std::stop_callback on_stop(stop, [bell] { bell->Ring(); });
  if (const auto waker = reply->stream->waker()) waker->Listen([bell] { bell->Ring(); });
  const auto ends = After(request.stream_for);
  while (true) {
    if (stop.stop_requested() || (ends && SteadyClock::now() >= *ends)) {
      outcome.end = stop.stop_requested() ? StreamEnd::kCaller : StreamEnd::kElapsed;
      return outcome;
    }
    const auto chunk = reply->stream->Next();
    const Result<bool> fed = splitter.Feed(chunk.bytes, on_line);
    if (!fed) return tl::unexpected(fed.error());
    if (!*fed || (chunk.end && !splitter.Finish(on_line))) {
      outcome.end = StreamEnd::kCaller;
      return outcome;
    }
    if (chunk.end) return outcome;
    if (!chunk.bytes.empty()) continue;
    auto until = ends;
    if (chunk.ask_again.count() > 0) {
      const auto again = SteadyClock::now() + chunk.ask_again;
      until = until ? std::min(*until, again) : again;
    }
    bell->Wait(until);
  }
}

}  // namespace sluice::service
