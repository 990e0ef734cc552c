#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "service/metrics.h"
#include "service/render.h"
#include "service/router.h"
#include "service/target.h"

namespace sluice::service {

// What every route handler reads. Immutable, shared by requests that outlive the router.
struct RouterContext {
  Backend& backend;
  Timers& timers;
  RouterOptions options;
  std::shared_ptr<HttpCounters> counters;
  std::unordered_map<std::string, const KindInfo*> by_plural;
  std::unordered_map<std::string, const KindInfo*> by_kind;

  const KindInfo* FindKind(const std::string& kind_or_plural) const;
};

// One request being answered. Whoever finishes first wins: the backend's answer or the deadline.
// Thread-safe but for `request` and `target`, which handlers only read.
class Call {
 public:
  Call(std::shared_ptr<const RouterContext> the_context, Request the_request, Target the_target,
       Router::Done done);

  const std::shared_ptr<const RouterContext> context;
  const Request request;
  const Target target;

  void Finish(Reply reply);
  void FinishJson(int status, std::string body);
  void Fail(const ApiError& error);

  // Keeps a registration until the call is finished.
  void Hold(std::unique_ptr<Registration> registration);

  // What is to be done once the wait is over. Kept here, not by whom it waits for: only the
  // deadline keeps a waiting call alive, so that dropping the timers drops it.
  void Park(std::function<void(const std::shared_ptr<Call>&)> then);
  std::function<void(const std::shared_ptr<Call>&)> Unpark();

 private:
  std::atomic<bool> finished_{false};
  Router::Done done_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Registration>> held_;           // guarded by mutex_
  std::function<void(const std::shared_ptr<Call>&)> parked_;  // guarded by mutex_
};
using CallPtr = std::shared_ptr<Call>;

// Runs `late` when the call's time is up: parameter timeoutSeconds, else `fallback`.
// False: the parameter was bad and the call is finished.
bool SetDeadline(const CallPtr& call, std::chrono::milliseconds fallback,
                 std::function<void()> late);

// Calls `then` once reads are not older than `version` (at once when it is empty). The call fails
// when that takes too long, or the version cannot be understood. `then` must not hold the call.
void WhenNotOlder(const CallPtr& call, const std::string& version,
                  std::function<void(const CallPtr&)> then);

// Reads parameters resourceVersion and resourceVersionMatch: waits as needed, then calls `then`.
void AtRequestedVersion(const CallPtr& call,
                        std::function<void(const CallPtr&, const ReadAt&)> then);

// True: the call is finished, because another node has what is to be read; the caller is sent there
// (307), or told that nobody has it (503). `entity`: null, it may be anything.
bool SendElsewhere(const CallPtr& call, const EntityKey* entity);

// Each part that is given must be a DNS label: none other is ever stored, and a slash smuggled in
// by an escape must not make another key. False: the call is finished.
bool CheckNames(const CallPtr& call, std::string_view namespace_, std::string_view name);

Answer<PageQuery> ReadPageQuery(const Call& call);

// The groups of routes. Each finishes the call, now or later.
void RouteObjects(const CallPtr& call);  // /apis/...
void RouteWrite(const CallPtr& call, const KindInfo& kind, EntityKey key);
void RouteCommands(const CallPtr& call);  // /commands
void RouteReplace(const CallPtr& call);   // /replace/NS/NAME
void RouteWebhooks(const CallPtr& call);  // /webhooks/github
void RouteNode(const CallPtr& call);      // everything else

}  // namespace sluice::service
