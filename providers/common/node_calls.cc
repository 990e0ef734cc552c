#include "providers/common/node_calls.h"

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr Duration kTimeout = Duration::Seconds(15);

}  // namespace

Result<CommandOutcome> SendCommand(Api& node, const std::string& command) {
  HttpRequest request{.method = "POST", .target = "/commands", .body = command};
  request.headers = {{"content-type", "application/json"}};
  request.timeout = kTimeout;
  const Result<HttpResponse> response = node.Call(request);
  if (!response) return tl::unexpected(response.error());
  const Json json = Json::parse(response->body, nullptr, false);
  if (!json.is_object() || !json.contains("accepted")) {
    const bool bad = response->status == 400 || response->status == 413;
    return Err(bad ? ErrorCode::kInvalid : ErrorCode::kUnavailable, "the node answered {}: {}",
               response->status, response->body.substr(0, 300));
  }
  CommandOutcome outcome;
  outcome.accepted = json.value("accepted", false);
  if (const auto found = json.find("rejection"); found != json.end() && found->is_object()) {
    outcome.rejection = found->value("code", "") + ": " + found->value("message", "");
  }
  if (const auto found = json.find("reply"); found != json.end() && found->is_object()) {
    outcome.reply = (found->contains("payload") ? found->at("payload") : *found).dump();
  }
  return outcome;
}

Result<std::optional<std::string>> GetObject(Api& node, const std::string& kind,
                                             const std::string& name_space,
                                             const std::string& name) {
  HttpRequest request{.target = "/apis/sluice.dev/v1/namespaces/" + name_space + "/" + kind + "s/" +
                                name};
  request.timeout = kTimeout;
  const Result<HttpResponse> response = node.Call(request);
  if (!response) return tl::unexpected(response.error());
  if (response->status == 404) return std::optional<std::string>();
  if (!response->ok()) {
    return Err(ErrorCode::kUnavailable, "the node answered {}: {}", response->status,
               response->body.substr(0, 300));
  }
  return std::optional(response->body);
}

}  // namespace sluice
