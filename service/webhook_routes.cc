// POST /webhooks/github: signed events, as commands to the pull requests that are tracked.
#include <mutex>
#include <nlohmann/json.hpp>

#include "service/call.h"
#include "service/github_webhook.h"

namespace sluice::service {
namespace {

using Json = nlohmann::json;

std::string HeaderOf(const Request& request, const std::string& name) {
  const auto found = request.webhook_headers.find(name);
  return found == request.webhook_headers.end() ? "" : found->second;
}

// The decisions of one delivery. It is acknowledged once all are durable: GitHub keeps none of it.
class Delivery {
 public:
  Delivery(CallPtr call, size_t count) : call_(std::move(call)), open_(count) {}

  void Take(const Answer<CommandAnswer>& answer) {
    {
      const std::lock_guard lock(mutex_);
      if (!answer && !failure_) failure_ = answer.error();
      if (answer && answer->final) ++decided_;
      if (answer && !answer->final) return;
      if (--open_ > 0) return;
    }
    Finish();
  }

  void Finish() {
    const std::lock_guard lock(mutex_);
    if (failure_) return call_->Fail(*failure_);
    call_->FinishJson(open_ == 0 ? 200 : 202, Json{{"commands", decided_}}.dump());
  }

 private:
  const CallPtr call_;
  std::mutex mutex_;
  size_t open_;                      // guarded by mutex_
  size_t decided_ = 0;               // guarded by mutex_
  std::optional<ApiError> failure_;  // guarded by mutex_
};

struct Addressed {
  std::string entity;
  const WebhookCommand* command;
};

void Submit(const CallPtr& call, const std::vector<Addressed>& commands, const std::string& id) {
  const auto delivery = std::make_shared<Delivery>(call, commands.size());
  if (!SetDeadline(call, call->context->options.webhook_wait, [call] {
        call->Fail(ApiError::Timeout("no decision yet; a redelivery is safe"));
      })) {
    return;
  }
  for (const Addressed& one : commands) {
    const Json command{{"id", id},
                       {"entity", one.entity},
                       {"command", one.command->command},
                       {"payload", Json::parse(one.command->payload)},
                       {"actor", "webhook/github"}};
    call->context->backend.Submit(
        command.dump(), call->request.connection,
        [delivery](const Answer<CommandAnswer>& answer) { delivery->Take(answer); });
  }
}

}  // namespace

void RouteWebhooks(const CallPtr& call) {
  const Request& request = call->request;
  const std::string& secret = call->context->options.github_webhook_secret;
  if (secret.empty()) {
    return call->Fail(ApiError::NotFound(
        "webhooks are off; start the node with GITHUB_WEBHOOK_SECRET in its environment"));
  }
  if (request.method != "POST") {
    return call->Fail({405, "MethodNotAllowed", "/webhooks/github takes POST"});
  }
  if (!IsWebhookSigned(secret, request.body, HeaderOf(request, "x-hub-signature-256"))) {
    return call->Fail(
        {401, "Unauthorized", "X-Hub-Signature-256 is not of this body and the webhook's secret"});
  }
  const std::string id = HeaderOf(request, "x-github-delivery");
  if (id.empty()) return call->Fail(ApiError::BadRequest("X-GitHub-Delivery: is required"));
  const auto commands = WebhookCommands(HeaderOf(request, "x-github-event"), request.body);
  if (!commands) return call->Fail(ApiError::BadRequest(commands.error()));
  // Asked of projections that lack it, nobody would be told, and GitHub does not tell twice.
  const auto elsewhere = commands->empty() ? std::nullopt : call->context->backend.WhereIs(nullptr);
  if (elsewhere) return call->Fail(ApiError::Unavailable(elsewhere->why));
  std::vector<Addressed> addressed;
  for (const WebhookCommand& command : *commands) {
    auto entities = call->context->backend.FindByIndex("pullrequest", "pullRequest",
                                                       WebhookIndexValue(command));
    if (!entities) return call->Fail(entities.error());
    for (std::string& entity : *entities) addressed.push_back({std::move(entity), &command});
  }
  if (addressed.empty()) return call->FinishJson(202, R"({"commands":0})");
  Submit(call, addressed, id);
}

}  // namespace sluice::service
