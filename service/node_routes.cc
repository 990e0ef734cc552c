// History, actions, resolve, logs, what is set aside, health and metrics.
#include <algorithm>
#include <string_view>

#include "service/call.h"
#include "service/debug_routes.h"
#include "service/debuggable.h"
#include "service/json_scan.h"
#include "service/snapshot_routes.h"
#include "service/streams.h"

namespace sluice::service {
namespace {

using Path = std::vector<std::string>;

void FinishPage(const CallPtr& call, const Answer<JsonPage>& page) {
  if (!page) return call->Fail(page.error());
  call->FinishJson(200, RenderPage(*page));
}

CommandCallback FinishWithResult(const CallPtr& call) {
  return [call](const Answer<CommandAnswer>& answer) {
    if (!answer) return call->Fail(answer.error());
    call->FinishJson(200, answer->json);
  };
}

bool AllowOnly(const CallPtr& call, std::string_view method) {
  if (call->request.method == method) return true;
  call->Fail(
      {405, "MethodNotAllowed",
       call->request.target + " takes " + std::string(method) + ", not " + call->request.method});
  return false;
}

void NoSuchPath(const CallPtr& call) {
  call->Fail(ApiError::NotFound("no such path: " + call->request.target));
}

// path[at..at+2] as a key; nullopt and finished when there is no such kind.
std::optional<EntityKey> KeyAt(const CallPtr& call, size_t at) {
  const Path& path = call->target.path();
  const KindInfo* kind = call->context->FindKind(path[at]);
  if (kind == nullptr) {
    call->Fail(ApiError::NotFound("there is no kind " + path[at] + "; see /apis/sluice.dev/v1"));
    return std::nullopt;
  }
  if (!CheckNames(call, path[at + 1], path[at + 2])) return std::nullopt;
  return EntityKey{kind->kind, path[at + 1], path[at + 2]};
}

void History(const CallPtr& call) {
  if (call->target.path().size() != 4) return NoSuchPath(call);
  if (!AllowOnly(call, "GET")) return;
  const auto key = KeyAt(call, 1);
  if (!key) return;
  const auto page = ReadPageQuery(*call);
  if (!page) return call->Fail(page.error());
  AtRequestedVersion(call, [key = *key, page = *page](const CallPtr& ready, const ReadAt& at) {
    if (!at.exact.empty()) {
      return ready->Fail(ApiError::BadRequest(
          "resourceVersionMatch: a history is read with its pages, not as of a version"));
    }
    FinishPage(ready, ready->context->backend.History(key, page));
  });
}

void Actions(const CallPtr& call) {
  if (call->target.path().size() != 1) return NoSuchPath(call);
  if (!AllowOnly(call, "GET")) return;
  const auto page = ReadPageQuery(*call);
  if (!page) return call->Fail(page.error());
  const auto watch = call->target.GetBool("watch");
  if (!watch) return call->Fail(watch.error());
  const ActionQuery query{call->target.Get("location"), call->target.Get("provider"), *page,
                          call->target.Get("resourceVersion")};
  Backend& backend = call->context->backend;
  if (!*watch) {
    return AtRequestedVersion(call, [query](const CallPtr& ready, const ReadAt&) {
      FinishPage(ready, ready->context->backend.Actions(query));
    });
  }
  const auto bookmarks = call->target.GetBool("allowWatchBookmarks");
  if (!bookmarks) return call->Fail(bookmarks.error());
  const auto waker = std::make_shared<Waker>();
  auto subscription = backend.WatchActions(query, [waker] { waker->Wake(); });
  if (!subscription) return call->Fail(subscription.error());
  WatchView view;
  view.line = [](std::string_view type, const WatchEvent& event, bool) {
    return RenderActionEvent(type, event);
  };
  if (*bookmarks) view.bookmark_kind = "Action";
  view.now_us = call->context->options.now_us;
  view.bookmark_every_us = std::chrono::microseconds(call->context->options.bookmark_every).count();
  Reply reply;
  reply.stream = MakeWatchStream(*std::move(subscription), waker, std::move(view));
  call->Finish(std::move(reply));
}

void Resolve(const CallPtr& call) {
  const Path& path = call->target.path();
  ResolveQuery query;
  if (path.size() == 3) {
    query.namespace_ = path[1];
    query.name = path[2];
  } else if (path.size() == 1) {
    query.key = call->target.Get("key");
    query.namespace_ = call->target.Get("namespace");
    if (query.namespace_.empty()) query.namespace_ = "default";
    if (query.key.empty()) {
      return call->Fail(ApiError::BadRequest("parameter key: is missing (or /resolve/NS/NAME)"));
    }
  } else {
    return NoSuchPath(call);
  }
  if (!CheckNames(call, query.namespace_, query.name)) return;
  if (call->request.method == "POST") {
    const std::string& body = call->request.body;
    if (const std::string fault = CheckJson(body); !fault.empty()) {
      return call->Fail(ApiError::BadRequest("the expected target is not JSON: " + fault));
    }
    if (body[body.find_first_not_of(" \t\r\n")] != '{') {
      return call->Fail(ApiError::BadRequest("the expected target must be a JSON object"));
    }
    query.expect = body;
  } else if (!AllowOnly(call, "GET")) {
    return;
  }
  AtRequestedVersion(call, [query](const CallPtr& ready, const ReadAt& at) {
    Backend& backend = ready->context->backend;
    auto* past = at.exact.empty() ? nullptr : dynamic_cast<Debuggable*>(&backend);
    if (!at.exact.empty() && past == nullptr) {
      return ready->Fail(ApiError::BadRequest("resourceVersionMatch: resolve reads what is now"));
    }
    auto resolved = past != nullptr ? past->ResolveAt(query, at) : backend.Resolve(query);
    if (!resolved) return ready->Fail(resolved.error());
    ready->FinishJson(200, *std::move(resolved));
  });
}

void Logs(const CallPtr& call) {
  const Path& path = call->target.path();
  if (path.size() != 3) return NoSuchPath(call);
  if (!AllowOnly(call, "GET")) return;
  const auto tail = call->target.GetNumber("tail");
  if (!tail) return call->Fail(tail.error());
  const auto follow = call->target.GetBool("follow");
  if (!follow) return call->Fail(follow.error());
  if (!CheckNames(call, path[1], path[2])) return;
  auto reader = call->context->backend.Logs({path[1], path[2], *tail, *follow});
  if (!reader) return call->Fail(reader.error());
  Reply reply;
  reply.response.content_type = "text/plain; charset=utf-8";
  reply.stream = MakeLogStream(*std::move(reader), *follow, call->context->options.log_poll);
  call->Finish(std::move(reply));
}

bool ArmCommandDeadline(const CallPtr& call) {
  return SetDeadline(call, call->context->options.command_wait, [call] {
    call->Fail(ApiError::Timeout("no decision yet; it may still come"));
  });
}

// /quarantine and /quarantine/KIND/NS/NAME/release?skip=.
void Quarantine(const CallPtr& call) {
  const Path& path = call->target.path();
  if (path.size() == 1) {
    if (!AllowOnly(call, "GET")) return;
    const auto page = ReadPageQuery(*call);
    if (!page) return call->Fail(page.error());
    return FinishPage(call, call->context->backend.Quarantined(*page));
  }
  if (path.size() != 5 || path[4] != "release") return NoSuchPath(call);
  if (!AllowOnly(call, "POST")) return;
  const auto skip = call->target.GetBool("skip");
  if (!skip) return call->Fail(skip.error());
  const auto key = KeyAt(call, 1);
  if (!key || !ArmCommandDeadline(call)) return;
  call->context->backend.Release(*key, *skip, FinishWithResult(call));
}

// /dead-letters and /dead-letters/ID/retry.
void DeadLetters(const CallPtr& call) {
  const Path& path = call->target.path();
  if (path.size() == 1) {
    if (!AllowOnly(call, "GET")) return;
    const auto page = ReadPageQuery(*call);
    if (!page) return call->Fail(page.error());
    return FinishPage(call, call->context->backend.DeadLetters(*page));
  }
  if (path.size() != 3 || path[2] != "retry") return NoSuchPath(call);
  if (!AllowOnly(call, "POST") || !ArmCommandDeadline(call)) return;
  call->context->backend.RetryDeadLetter(path[1], FinishWithResult(call));
}

void Nodes(const CallPtr& call) {
  if (!AllowOnly(call, "GET")) return;
  auto nodes = call->context->backend.Nodes();
  if (!nodes) return call->Fail(nodes.error());
  call->FinishJson(200, *std::move(nodes));
}

void Health(const CallPtr& call, bool ready) {
  if (!AllowOnly(call, "GET")) return;
  const Readiness readiness = ready ? call->context->backend.Ready() : Readiness{true, "ok"};
  Reply reply;
  reply.response.status = readiness.ready ? 200 : 503;
  reply.response.content_type = "text/plain; charset=utf-8";
  reply.response.body = (readiness.reason.empty() ? "ok" : readiness.reason) + "\n";
  call->Finish(std::move(reply));
}

void Metrics(const CallPtr& call) {
  if (!AllowOnly(call, "GET")) return;
  Reply reply;
  reply.response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.response.body = RenderMetrics(call->context->backend.Metrics(), *call->context->counters);
  call->Finish(std::move(reply));
}

void Index(const CallPtr& call) {
  call->FinishJson(200, R"({"paths":["/actions","/apis","/apis/sluice.dev/v1","/commands",)"
                        R"("/dead-letters","/healthz","/history","/logs","/metrics","/nodes",)"
                        R"("/quarantine",)"
                        R"("/readyz","/replace","/resolve","/snapshots","/version"]})");
}

}  // namespace

void RouteNode(const CallPtr& call) {
  const Path& path = call->target.path();
  if (path.empty()) return Index(call);
  constexpr std::string_view kReads[] = {"history", "actions", "resolve", "quarantine", "debug"};
  const bool reads = std::find(std::begin(kReads), std::end(kReads), path[0]) != std::end(kReads);
  if (reads && SendElsewhere(call, nullptr)) return;
  if (path[0] == "history") return History(call);
  if (path[0] == "actions") return Actions(call);
  if (path[0] == "resolve") return Resolve(call);
  if (path[0] == "logs") return Logs(call);
  if (path[0] == "quarantine") return Quarantine(call);
  if (path[0] == "dead-letters") return DeadLetters(call);
  if (path[0] == "debug") return RouteDebug(call);
  if (path[0] == "snapshots") return RouteSnapshots(call);
  if (path.size() > 1) return NoSuchPath(call);
  if (path[0] == "healthz" || path[0] == "livez") return Health(call, false);
  if (path[0] == "readyz") return Health(call, true);
  if (path[0] == "nodes") return Nodes(call);
  if (path[0] == "metrics") return Metrics(call);
  if (path[0] == "version") {
    return call->FinishJson(200, R"({"major":"1","minor":"0","gitVersion":)" +
                                     Quote(call->context->options.version) + "}");
  }
  NoSuchPath(call);
}

}  // namespace sluice::service
