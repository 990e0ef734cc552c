#include "service/call.h"

#include <algorithm>
#include <utility>

namespace sluice::service {

const KindInfo* RouterContext::FindKind(const std::string& kind_or_plural) const {
  const auto kind = by_kind.find(kind_or_plural);
  if (kind != by_kind.end()) return kind->second;
  const auto plural = by_plural.find(kind_or_plural);
  return plural == by_plural.end() ? nullptr : plural->second;
}

Call::Call(std::shared_ptr<const RouterContext> the_context, Request the_request, Target the_target,
           Router::Done done)
    : context(std::move(the_context)),
      request(std::move(the_request)),
      target(std::move(the_target)),
      done_(std::move(done)) {}

void Call::Finish(Reply reply) {
  if (finished_.exchange(true)) return;
  std::vector<std::unique_ptr<Registration>> held;
  {
    const std::lock_guard lock(mutex_);
    held.swap(held_);
  }
  const Router::Done done = std::move(done_);
  done(std::move(reply));
}

void Call::FinishJson(int status, std::string body) {
  Reply reply;
  reply.response.status = status;
  reply.response.body = std::move(body);
  Finish(std::move(reply));
}

void Call::Fail(const ApiError& error) {
  Reply reply;
  reply.response.status = error.code;
  reply.response.body = ToStatusJson(error);
  reply.response.retry_after_s = error.retry_after_s;
  Finish(std::move(reply));
}

void Call::Hold(std::unique_ptr<Registration> registration) {
  if (registration == nullptr) return;
  const std::lock_guard lock(mutex_);
  // Finished meanwhile: Finish has taken what was held, so this one is dropped here, outside.
  if (!finished_.load()) held_.push_back(std::move(registration));
}

void Call::Park(std::function<void(const CallPtr&)> then) {
  const std::lock_guard lock(mutex_);
  parked_ = std::move(then);
}

std::function<void(const CallPtr&)> Call::Unpark() {
  const std::lock_guard lock(mutex_);
  return std::exchange(parked_, nullptr);
}

bool SetDeadline(const CallPtr& call, std::chrono::milliseconds fallback,
                 std::function<void()> late) {
  const auto seconds = call->target.GetNumber("timeoutSeconds");
  if (!seconds) {
    call->Fail(seconds.error());
    return false;
  }
  static constexpr uint64_t kSecondsMax = 3600;
  const auto wait = seconds->has_value()
                        ? std::chrono::seconds(std::min<uint64_t>(**seconds, kSecondsMax))
                        : fallback;
  call->Hold(call->context->timers.After(wait, std::move(late)));
  return true;
}

void WhenNotOlder(const CallPtr& call, const std::string& version,
                  std::function<void(const CallPtr&)> then) {
  if (version.empty() || version == "0") return then(call);
  call->Park(std::move(then));
  const std::weak_ptr<Call> weak = call;
  auto registration =
      call->context->backend.WhenReached(version, [weak](const Answer<void>& reached) {
        const CallPtr waiting = weak.lock();
        if (waiting == nullptr) return;
        if (!reached) return waiting->Fail(reached.error());
        if (const auto parked = waiting->Unpark()) parked(waiting);
      });
  if (registration == nullptr) return;
  call->Hold(std::move(registration));
  SetDeadline(call, call->context->options.read_wait, [call, version] {
    call->Fail(ApiError::Timeout("resourceVersion " + version + " was not reached in time"));
  });
}

void AtRequestedVersion(const CallPtr& call,
                        std::function<void(const CallPtr&, const ReadAt&)> then) {
  const std::string version = call->target.Get("resourceVersion");
  const std::string match = call->target.Get("resourceVersionMatch");
  if (match == "Exact") {
    if (version.empty()) {
      return call->Fail(
          ApiError::BadRequest("resourceVersionMatch: Exact needs a resourceVersion"));
    }
    return then(call, ReadAt{version});
  }
  if (!match.empty() && match != "NotOlderThan") {
    return call->Fail(ApiError::BadRequest(
        "resourceVersionMatch: must be Exact or NotOlderThan, not \"" + match + "\""));
  }
  if (version.empty()) return then(call, ReadAt{});
  WhenNotOlder(call, version,
               [then = std::move(then)](const CallPtr& ready) { then(ready, ReadAt{}); });
}

namespace {

// Not older than the one it names. (Exact: of the past, which is in the log.)
bool AsksForAVersion(const Call& call) {
  const std::string version = call.target.Get("resourceVersion");
  return !version.empty() && version != "0" && call.target.Get("watch") != "true" &&
         call.target.Get("resourceVersionMatch") != "Exact";
}

}  // namespace

bool SendElsewhere(const CallPtr& call, const EntityKey* entity) {
  const auto elsewhere = call->context->backend.WhereIs(entity);
  if (!elsewhere) return false;
  // A command is decided once the log was read, and a read of an object's version waits for that.
  const bool waits_for_it = entity != nullptr && AsksForAVersion(*call);
  const bool can_wait = call->request.method != "GET" || waits_for_it;
  if (elsewhere->soon && can_wait) return false;
  if (elsewhere->address.empty()) {
    call->Fail(ApiError::Unavailable(elsewhere->why));
    return true;
  }
  Reply reply;
  reply.response.status = 307;
  reply.response.location = "http://" + elsewhere->address + call->request.target;
  reply.response.body = ToStatusJson({307, "TemporaryRedirect", elsewhere->why});
  call->Finish(std::move(reply));
  return true;
}

bool CheckNames(const CallPtr& call, std::string_view namespace_, std::string_view name) {
  const auto check = [&](std::string_view field, std::string_view value) {
    if (value.empty() || IsDnsLabel(value)) return true;
    call->Fail({400, "InvalidArgument",
                std::string(field) + ": \"" + std::string(value) +
                    "\" is no DNS label (1 to 63 of a-z, 0-9 and -, no dash at either end)"});
    return false;
  };
  return check("metadata.namespace", namespace_) && check("metadata.name", name);
}

Answer<PageQuery> ReadPageQuery(const Call& call) {
  const auto limit = call.target.GetNumber("limit");
  if (!limit) return Fail(limit.error());
  const uint64_t most = call.context->options.page_items_max;
  PageQuery page;
  page.limit = limit->value_or(0) == 0 ? most : std::min(**limit, most);
  page.continue_token = call.target.Get("continue");
  return page;
}

}  // namespace sluice::service
