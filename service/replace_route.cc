// POST /replace/NS/NAME: the command Replace, answered with what replaces the instance.
#include <string_view>

#include "service/call.h"
#include "service/json_scan.h"

namespace sluice::service {
namespace {

// The binding's or the source's answer: 200 when the replacement is ready, 202 while it is not.
void FinishWithReply(const CallPtr& call, const CommandAnswer& answer) {
  const auto reply = FindMember(answer.json, "reply");
  if (!reply) return call->Fail(ApiError::Internal("the replacement was accepted without a reply"));
  const bool ready = ScalarText(FindPath(*reply, "replacement.ready")) == "true";
  call->FinishJson(ready ? 200 : 202, std::string(*reply));
}

}  // namespace

void RouteReplace(const CallPtr& call) {
  const auto& path = call->target.path();
  if (path.size() != 3) {
    return call->Fail(ApiError::NotFound("no such path: " + call->request.target));
  }
  if (call->request.method != "POST") {
    return call->Fail({405, "MethodNotAllowed", call->request.target + " takes POST"});
  }
  if (!CheckNames(call, path[1], path[2])) return;
  const std::string& body = call->request.body;
  if (const std::string fault = CheckJson(body); !fault.empty()) {
    return call->Fail(ApiError::BadRequest("the body is not JSON: " + fault));
  }
  if (body[body.find_first_not_of(" \t\r\n")] != '{') {
    return call->Fail(ApiError::BadRequest("the body must be the payload of Replace, an object"));
  }
  std::string command = R"({"entity":)" + Quote("instance/" + path[1] + "/" + path[2]) +
                        R"(,"command":"Replace","payload":)" + body + "}";
  if (command.size() > call->context->options.command_bytes_max) {
    return call->Fail(ApiError::TooLarge("the request is larger than a command may be"));
  }
  const bool armed = SetDeadline(call, call->context->options.command_wait, [call] {
    call->Fail(ApiError::Timeout(
        "no answer yet; it may still come: the same request under its idempotencyKey is safe"));
  });
  if (!armed) return;
  call->context->backend.Submit(
      std::move(command), call->request.connection, [call](const Answer<CommandAnswer>& answer) {
        if (!answer) return call->Fail(answer.error());
        if (!answer->final) return;  // Recorded; the reply is on its way.
        if (answer->accepted) return FinishWithReply(call, *answer);
        call->Fail(FromRejection(answer->rejection_code, answer->rejection_message));
      });
}

}  // namespace sluice::service
