#include "service/debug_routes.h"

#include "service/debuggable.h"
#include "service/job_stream.h"

namespace sluice::service {
namespace {

constexpr int kAtOnceMax = 8;

// All that any question takes; each reads its own.
constexpr const char* kParameters[] = {
    "at",       "bisect", "causes", "command",  "condition", "entities", "entity",    "field",
    "follow",   "from",   "id",     "kind",     "last",      "limit",    "namespace", "position",
    "readable", "redact", "since",  "snapshot", "state",     "to",       "until",     "verdict"};

}  // namespace

void RouteDebug(const CallPtr& call) {
  const auto& path = call->target.path();
  auto* backend = dynamic_cast<Debuggable*>(&call->context->backend);
  if (backend == nullptr || path.size() != 2 || !backend->Debugs(path[1])) {
    return call->Fail(ApiError::NotFound("no such path: " + call->request.target));
  }
  if (call->request.method != "GET") {
    return call->Fail({405, "MethodNotAllowed", "questions to the debugger take GET"});
  }
  DebugQuery query{.verb = path[1], .parameters = {}};
  for (const char* name : kParameters) {
    if (const std::string* value = call->target.Find(name)) query.parameters[name] = *value;
  }
  if (backend->debugging.fetch_add(1) >= kAtOnceMax) {
    backend->debugging.fetch_sub(1);
    return call->Fail(ApiError::Unavailable(
        "the debugger answers as many questions as it does at once; ask again"));
  }
  const std::shared_ptr<Debuggable> counted(backend,
                                            [](Debuggable* one) { one->debugging.fetch_sub(1); });
  Reply reply;
  reply.stream = MakeJobStream([counted, query](const LineSink& sink, std::stop_token stop) {
    counted->Debug(query, sink, std::move(stop));
  });
  call->Finish(std::move(reply));
}

}  // namespace sluice::service
