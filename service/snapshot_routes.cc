// Snapshots of the node's projections.
#include "service/snapshot_routes.h"

#include <charconv>

#include "service/job_stream.h"
#include "service/snapshot_keeper.h"

namespace sluice::service {
namespace {

using Verb = SnapshotTask::Verb;

void FinishBytes(const CallPtr& call, Answer<std::string> answer, const char* content_type) {
  if (!answer) return call->Fail(answer.error());
  Reply reply;
  reply.response.content_type = content_type;
  reply.response.body = *std::move(answer);
  call->Finish(std::move(reply));
}

// Done on a thread of its own; the backend outlives the server.
void RunTask(const CallPtr& call, SnapshotTask task) {
  SnapshotKeeper* keeper = call->context->backend.snapshots();
  Reply reply;
  reply.stream = MakeJobStream([keeper, task](const LineSink& sink, std::stop_token stop) {
    keeper->Run(task, sink, std::move(stop));
  });
  call->Finish(std::move(reply));
}

void ReadSnapshotFile(const CallPtr& call) {
  const auto& path = call->target.path();
  uint64_t partition = 0;
  const char* end = path[3].data() + path[3].size();
  const auto parsed = std::from_chars(path[3].data(), end, partition);
  const auto offset = call->target.GetNumber("offset");
  if (!offset) return call->Fail(offset.error());
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return call->Fail(ApiError::NotFound("no such path: " + call->request.target));
  }
  FinishBytes(call,
              call->context->backend.snapshots()->ReadFile(path[1], partition, path[4],
                                                           offset->value_or(0)),
              "application/octet-stream");
}

}  // namespace

void RouteSnapshots(const CallPtr& call) {
  const auto& path = call->target.path();
  SnapshotKeeper* keeper = call->context->backend.snapshots();
  const std::string& method = call->request.method;
  const auto is = [&](size_t size, const char* wanted) {
    return path.size() == size && method == wanted;
  };
  if (keeper == nullptr) {
    return call->Fail(ApiError::NotFound("no such path: " + call->request.target));
  }
  if (is(1, "GET")) return FinishBytes(call, keeper->List(), "application/json");
  if (is(1, "POST")) return RunTask(call, {.verb = Verb::kTake, .name = "", .keep = 0});
  if (is(2, "POST") && path[1] == "prune") {
    const auto keep = call->target.GetNumber("keep");
    if (!keep) return call->Fail(keep.error());
    if (keep->value_or(0) == 0) {
      return call->Fail(ApiError::BadRequest("parameter keep: how many stay, at least 1"));
    }
    return RunTask(call, {.verb = Verb::kPrune, .name = "", .keep = **keep});
  }
  if (is(2, "GET")) return FinishBytes(call, keeper->Manifest(path[1]), "application/json");
  if (is(3, "GET") && path[2] == "verify") {
    return RunTask(call, {.verb = Verb::kVerify, .name = path[1], .keep = 0});
  }
  if (is(3, "POST") && path[2] == "restore") {
    return RunTask(call, {.verb = Verb::kRestore, .name = path[1], .keep = 0});
  }
  if (is(5, "GET") && path[2] == "files") return ReadSnapshotFile(call);
  call->Fail(ApiError::NotFound("no such path: " + method + " " + call->request.target));
}

}  // namespace sluice::service
