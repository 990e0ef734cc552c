#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sluice::service {

// A failure as the API shows it: what a Kubernetes `Status` object carries. A plain value.
struct ApiError {
  int code = 500;         // HTTP status
  std::string reason;     // Kubernetes reason, CamelCase: "NotFound"
  std::string message;    // one sentence for a person; names the field or thing at fault
  int retry_after_s = 0;  // of 429, 503 and 504: when to try again

  bool operator==(const ApiError&) const = default;

  static ApiError BadRequest(std::string message) {
    return {400, "BadRequest", std::move(message)};
  }
  static ApiError Forbidden(std::string message) { return {403, "Forbidden", std::move(message)}; }
  static ApiError NotFound(std::string message) { return {404, "NotFound", std::move(message)}; }
  static ApiError Conflict(std::string message) { return {409, "Conflict", std::move(message)}; }
  // The resourceVersion or continue token is older than what is kept: the client lists again.
  static ApiError Expired(std::string message) { return {410, "Expired", std::move(message)}; }
  static ApiError TooLarge(std::string message) {
    return {413, "RequestEntityTooLarge", std::move(message)};
  }
  static ApiError TooManyRequests(std::string message, int retry_after_s) {
    return {429, "TooManyRequests", std::move(message), retry_after_s};
  }
  static ApiError Internal(std::string message) {
    return {500, "InternalError", std::move(message)};
  }
  static ApiError Unavailable(std::string message) {
    return {503, "ServiceUnavailable", std::move(message), 1};
  }
  static ApiError Timeout(std::string message) { return {504, "Timeout", std::move(message), 1}; }
};

template <class T>
using Answer = tl::expected<T, ApiError>;

inline tl::unexpected<ApiError> Fail(ApiError error) { return tl::unexpected(std::move(error)); }

// `{"kind":"Status","apiVersion":"v1","status":"Failure",...}` as compact JSON.
std::string ToStatusJson(const ApiError& error);

// The error a rejection code of design §7 becomes where a verb, not `POST /commands`, was used.
ApiError FromRejection(const std::string& rejection_code, std::string message);

}  // namespace sluice::service
