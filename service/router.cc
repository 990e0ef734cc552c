#include "service/router.h"

#include <optional>
#include <string_view>

#include "service/call.h"
#include "service/listen_address.h"

namespace sluice::service {
namespace {

// A page in a browser may send requests here, and a name under its control may resolve to loopback:
// only requests that name a loopback host, and no cross-site writes, are let in.
std::optional<ApiError> CheckCaller(const Request& request) {
  // What is signed comes through a proxy, under a name of its own.
  if (request.target == "/webhooks/github") return std::nullopt;
  if (!request.host.empty() && !IsLoopbackHost(HostOf(request.host))) {
    return ApiError::Forbidden("Host " + request.host + " is not this listener");
  }
  if (!request.origin.empty() && request.method != "GET") {
    return ApiError::Forbidden("requests that change something are not taken from web pages");
  }
  return std::nullopt;
}

}  // namespace

Router::Router(Backend& backend, Timers& timers, RouterOptions options) {
  auto context = std::make_shared<RouterContext>(
      RouterContext{backend, timers, std::move(options), std::make_shared<HttpCounters>(), {}, {}});
  for (const KindInfo& kind : backend.Kinds()) {
    context->by_plural.emplace(kind.plural, &kind);
    context->by_kind.emplace(kind.kind, &kind);
  }
  context_ = std::move(context);
}

Router::~Router() = default;

const std::shared_ptr<HttpCounters>& Router::counters() const { return context_->counters; }

void Router::Handle(Request request, Done done) {
  auto target = Target::Parse(request.target);
  auto refused = CheckCaller(request);
  if (!target && !refused) refused = target.error();
  const auto call = std::make_shared<Call>(context_, std::move(request),
                                           target ? *std::move(target) : Target(), std::move(done));
  if (refused) return call->Fail(*refused);
  const auto& path = call->target.path();
  if (path.size() == 2 && path[0] == "webhooks" && path[1] == "github") return RouteWebhooks(call);
  if (path.empty()) return RouteNode(call);
  if (path[0] == "apis" || path[0] == "api") return RouteObjects(call);
  if (path[0] == "commands") return RouteCommands(call);
  if (path[0] == "replace") return RouteReplace(call);
  RouteNode(call);
}

Reply Router::HandleNow(Request request) {
  const auto answer = std::make_shared<std::optional<Reply>>();
  Handle(std::move(request), [answer](Reply reply) { *answer = std::move(reply); });
  if (answer->has_value()) return std::move(**answer);
  Reply reply;
  reply.response.status = 504;
  reply.response.body =
      ToStatusJson(ApiError::Timeout("the answer is not there yet, and nothing here can wait"));
  return reply;
}

}  // namespace sluice::service
