#include "cli/failure.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

Exit ExitOf(int http_status) {
  if (http_status >= 500 || http_status == 429) return Exit::kUnavailable;
  switch (http_status) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422:
      return Exit::kBadInput;
    default:
      return Exit::kRejected;
  }
}

}  // namespace

Exit Worse(Exit a, Exit b) { return std::max(a, b); }

tl::unexpected<Failure> FromError(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kUnknownType:
      return Fail(Exit::kBadInput, "{}", error.message);
    case ErrorCode::kNotFound:
    case ErrorCode::kCorruption:
      return Fail(Exit::kRejected, "{}", error.message);
    case ErrorCode::kUnavailable:
    case ErrorCode::kFenced:
    case ErrorCode::kIo:
      return Fail(Exit::kUnavailable, "{}", error.message);
  }
  Unreachable();
}

tl::unexpected<Failure> FromResponse(std::string_view doing, const HttpResponse& response) {
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  std::string reason;
  std::string message;
  if (body.is_object()) {
    reason = body.value("reason", nlohmann::json("")).is_string() ? body.value("reason", "") : "";
    const auto text = body.find("message");
    if (text != body.end() && text->is_string()) message = text->get<std::string>();
  }
  if (message.empty()) message = response.body.empty() ? "no word why" : response.body;
  if (reason.empty()) reason = fmt::format("HTTP {}", response.status);
  return Fail(ExitOf(response.status), "{}: {}: {}", doing, reason, message);
}

}  // namespace sluice::cli
