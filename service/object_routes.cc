// Discovery, reads and watches of objects, as Kubernetes lays them out.
#include <string_view>

#include "service/call.h"
#include "service/json_scan.h"
#include "service/streams.h"

namespace sluice::service {
namespace {

constexpr std::string_view kGroup = "sluice.dev";
constexpr std::string_view kClusterNamespace = "sluice-system";
constexpr std::string_view kGroupJson =
    R"({"name":"sluice.dev","versions":[{"groupVersion":"sluice.dev/v1","version":"v1"}],)"
    R"("preferredVersion":{"groupVersion":"sluice.dev/v1","version":"v1"}})";

std::string ResourceListJson(const Backend& backend) {
  std::string out =
      R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"sluice.dev/v1","resources":[)";
  bool first = true;
  for (const KindInfo& kind : backend.Kinds()) {
    if (!first) out += ',';
    first = false;
    out += "{\"name\":" + Quote(kind.plural) + ",\"singularName\":" + Quote(kind.kind) +
           ",\"namespaced\":" + (kind.namespaced ? "true" : "false") +
           ",\"kind\":" + Quote(kind.camel) +
           R"(,"verbs":["create","delete","get","list","update","watch"]})";
  }
  return out + "]}";
}

// `Accept: application/json;as=Table;g=meta.k8s.io;v=v1`, perhaps among others: the first that can
// be served counts, and plain JSON always can.
bool WantsTable(std::string_view accept) {
  while (!accept.empty()) {
    const size_t comma = std::min(accept.find(','), accept.size());
    const std::string_view one = accept.substr(0, comma);
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    if (one.find("application/json") == std::string_view::npos) continue;
    return one.find("as=Table") != std::string_view::npos;
  }
  return false;
}

Answer<Rendering> ReadRendering(const Call& call) {
  Rendering how;
  how.table = WantsTable(call.request.accept);
  if (!how.table) return how;
  how.now_us = call.context->options.now_us();
  const std::string include = call.target.Get("includeObject");
  if (include == "None") {
    how.row_object = Rendering::RowObject::kNone;
  } else if (include == "Object") {
    how.row_object = Rendering::RowObject::kObject;
  } else if (!include.empty() && include != "Metadata") {
    return Fail(ApiError::BadRequest("parameter includeObject: must be None, Metadata or Object"));
  }
  return how;
}

Answer<ObjectFilter> ReadFilter(const Call& call) {
  auto labels = ParseLabelSelector(call.target.Get("labelSelector"));
  if (!labels) return Fail(labels.error());
  auto fields = ParseFieldSelector(call.target.Get("fieldSelector"));
  if (!fields) return Fail(fields.error());
  return ObjectFilter{*std::move(labels), *std::move(fields)};
}

void GetObject(const CallPtr& call, const KindInfo& kind, const EntityKey& key) {
  const auto how = ReadRendering(*call);
  if (!how) return call->Fail(how.error());
  AtRequestedVersion(call, [&kind, key, how = *how](const CallPtr& ready, const ReadAt& at) {
    auto object = ready->context->backend.Get(key, at);
    if (!object) return ready->Fail(object.error());
    ready->FinishJson(200, how.table ? RenderObject(kind, *object, how) : std::move(object->json));
  });
}

void ListObjects(const CallPtr& call, const KindInfo& kind, ListQuery query) {
  const auto how = ReadRendering(*call);
  if (!how) return call->Fail(how.error());
  const auto page = ReadPageQuery(*call);
  if (!page) return call->Fail(page.error());
  query.limit = page->limit;
  query.continue_token = page->continue_token;
  const auto list = [&kind, how = *how](const CallPtr& ready, const ListQuery& the_query) {
    const auto objects = ready->context->backend.List(the_query);
    if (!objects) return ready->Fail(objects.error());
    ready->FinishJson(200, RenderList(kind, *objects, how));
  };
  // A continued list goes on at the version its token holds.
  if (!query.continue_token.empty()) return list(call, query);
  AtRequestedVersion(call, [list, query](const CallPtr& ready, const ReadAt& at) mutable {
    query.at = at;
    list(ready, query);
  });
}

void WatchObjects(const CallPtr& call, const KindInfo& kind, const ListQuery& list) {
  const auto how = ReadRendering(*call);
  if (!how) return call->Fail(how.error());
  const auto bookmarks = call->target.GetBool("allowWatchBookmarks");
  if (!bookmarks) return call->Fail(bookmarks.error());
  const auto seconds = call->target.GetNumber("timeoutSeconds");
  if (!seconds) return call->Fail(seconds.error());

  const RouterOptions& options = call->context->options;
  const auto waker = std::make_shared<Waker>();
  auto subscription = call->context->backend.Watch(
      {kind.kind, list.namespace_, list.filter, call->target.Get("resourceVersion")},
      [waker] { waker->Wake(); });
  if (!subscription) return call->Fail(subscription.error());

  WatchView view;
  view.line = [&kind, rendering = *how, now_us = options.now_us](
                  std::string_view type, const WatchEvent& event, bool first) mutable {
    if (rendering.table) rendering.now_us = now_us();
    return RenderEvent(kind, type, event, rendering, first);
  };
  if (*bookmarks) view.bookmark_kind = kind.camel;
  view.filter = list.filter;
  view.now_us = options.now_us;
  view.bookmark_every_us = std::chrono::microseconds(options.bookmark_every).count();
  if (*seconds) {
    view.ends_at_us =
        options.now_us() + static_cast<int64_t>(std::min<uint64_t>(**seconds, 86'400)) * 1'000'000;
  }
  Reply reply;
  reply.stream = MakeWatchStream(*std::move(subscription), waker, std::move(view));
  call->Finish(std::move(reply));
}

void RouteCollection(const CallPtr& call, const KindInfo& kind,
                     std::optional<std::string> namespace_) {
  if (call->request.method == "POST") {
    return RouteWrite(call, kind, {kind.kind, namespace_.value_or(""), ""});
  }
  if (call->request.method != "GET") {
    return call->Fail({405, "MethodNotAllowed", "a collection takes GET and POST"});
  }
  const auto watch = call->target.GetBool("watch");
  if (!watch) return call->Fail(watch.error());
  auto filter = ReadFilter(*call);
  if (!filter) return call->Fail(filter.error());
  ListQuery query;
  query.kind = kind.kind;
  query.namespace_ = std::move(namespace_);
  query.filter = *std::move(filter);
  if (*watch) return WatchObjects(call, kind, query);
  ListObjects(call, kind, std::move(query));
}

void RouteObject(const CallPtr& call, const KindInfo& kind, EntityKey key) {
  if (call->request.method == "GET") return GetObject(call, kind, key);
  if (call->request.method == "PUT" || call->request.method == "DELETE") {
    return RouteWrite(call, kind, std::move(key));
  }
  call->Fail({405, "MethodNotAllowed",
              "an object takes GET, PUT (which applies) and DELETE, not " + call->request.method});
}

// What follows /apis/sluice.dev/v1: [namespaces/NS/]PLURAL[/NAME].
void RouteResource(const CallPtr& call) {
  const auto& path = call->target.path();
  const auto& by_plural = call->context->by_plural;
  const bool in_namespace = path[3] == "namespaces" && path.size() > 5;
  const size_t at = in_namespace ? 5 : 3;
  const auto found = by_plural.find(path[at]);
  if (found == by_plural.end() || path.size() > at + 2) {
    return call->Fail(ApiError::NotFound(
        found == by_plural.end() ? "no kind is listed as " + path[at] + "; see /apis/sluice.dev/v1"
                                 : "no such path: " + call->request.target));
  }
  const KindInfo& kind = *found->second;
  std::optional<std::string> namespace_;
  if (in_namespace) {
    namespace_ = path[4];
  } else if (!kind.namespaced) {
    namespace_ = std::string(kClusterNamespace);
  }
  if (!CheckNames(call, namespace_.value_or(""), path.size() > at + 1 ? path[at + 1] : "")) return;
  if (path.size() == at + 1) {
    if (call->request.method == "GET" && SendElsewhere(call, nullptr)) return;
    return RouteCollection(call, kind, std::move(namespace_));
  }
  if (!namespace_) {
    return call->Fail(ApiError::NotFound(
        kind.plural + " are in namespaces: " + "/apis/sluice.dev/v1/namespaces/NS/" + kind.plural +
        "/" + path[at + 1]));
  }
  EntityKey key{kind.kind, *std::move(namespace_), path[at + 1]};
  if (SendElsewhere(call, &key)) return;
  RouteObject(call, kind, std::move(key));
}

}  // namespace

void RouteObjects(const CallPtr& call) {
  const auto& path = call->target.path();
  if (path.size() > 3 && path[1] == kGroup && path[2] == "v1") return RouteResource(call);
  if (call->request.method != "GET") {
    return call->Fail({405, "MethodNotAllowed", "discovery takes GET"});
  }
  if (path[0] == "api" && path.size() == 1) {
    return call->FinishJson(200, R"({"kind":"APIVersions","versions":[]})");
  }
  if (path.size() == 1 && path[0] == "apis") {
    return call->FinishJson(200, R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)" +
                                     std::string(kGroupJson) + "]}");
  }
  if (path.size() == 2 && path[1] == kGroup) {
    return call->FinishJson(
        200, R"({"kind":"APIGroup","apiVersion":"v1",)" + std::string(kGroupJson.substr(1)));
  }
  if (path.size() == 3 && path[1] == kGroup && path[2] == "v1") {
    return call->FinishJson(200, ResourceListJson(call->context->backend));
  }
  call->Fail(ApiError::NotFound("no such path: " + call->request.target));
}

}  // namespace sluice::service
