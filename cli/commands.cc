#include "cli/commands.h"

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

constexpr Duration kBetweenAsks = Duration::Millis(200);
constexpr int kNoDecisionYet = 504;

// A rejected command may come with any status; what makes a result is its verdict.
bool IsResult(const nlohmann::json& body) {
  const auto accepted = body.is_object() ? body.find("accepted") : body.end();
  return accepted != body.end() && accepted->is_boolean();
}

}  // namespace

Outcome<CommandResult> SendCommand(Session& session, const std::string& command,
                                   std::string_view id, Duration timeout) {
  const Time deadline = session.env().now() + timeout;
  while (true) {
    const Result<HttpResponse> response =
        session.api().Call({.method = "POST",
                            .target = "/commands",
                            .body = command,
                            .headers = {{"content-type", "application/json"}},
                            .timeout = timeout + Duration::Seconds(5)});
    if (!response) {
      auto failure = FromError(response.error());
      failure.value().message += fmt::format(" (command id {})", id);
      return failure;
    }
    const bool is_over = session.env().now() >= deadline || session.env().stop.stop_requested();
    const auto body = nlohmann::json::parse(response->body, nullptr, false);
    if (IsResult(body)) {
      CommandResult result{.text = body.dump(),
                           .accepted = body.at("accepted").get<bool>(),
                           .is_final = response->status != 202};
      if (result.is_final || is_over) return result;
    } else if (response->status != kNoDecisionYet || is_over) {
      return FromResponse("send the command", *response);
    }
    session.env().pause(kBetweenAsks);
  }
}

std::string RejectionReason(const nlohmann::json& rejection) {
  if (!rejection.is_object()) return "";
  const std::string field = rejection.value("field", "");
  const std::string message = rejection.value("message", "");
  std::string text = rejection.value("code", "");
  if (!field.empty() && message.find(field) == std::string::npos) text += ": " + field;
  return message.empty() ? text : text + ": " + message;
}

std::string RejectionText(const nlohmann::json& result) {
  const auto rejection = result.find("rejection");
  if (rejection == result.end()) return "rejected";
  return "rejected: " + RejectionReason(*rejection);
}

}  // namespace sluice::cli
