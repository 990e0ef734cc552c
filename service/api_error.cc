#include "service/api_error.h"

#include <array>
#include <string_view>

#include "service/json_scan.h"

namespace sluice::service {

std::string ToStatusJson(const ApiError& error) {
  return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":)" +
         Quote(error.message) + R"(,"reason":)" + Quote(error.reason) + R"(,"code":)" +
         std::to_string(error.code) +
         (error.retry_after_s > 0
              ? R"(,"details":{"retryAfterSeconds":)" + std::to_string(error.retry_after_s) + "}}"
              : "}");
}

ApiError FromRejection(const std::string& rejection_code, std::string message) {
  struct Row {
    std::string_view rejection;
    int code;
  };
  // The reason stays the rejection's own code: it says more than "Conflict".
  static constexpr std::array<Row, 11> kRows{{{"InvalidArgument", 400},
                                              {"NotFound", 404},
                                              {"AlreadyExists", 409},
                                              {"VersionConflict", 409},
                                              {"IdempotencyConflict", 409},
                                              {"InvalidTransition", 409},
                                              {"FailedPrecondition", 409},
                                              {"Immutable", 409},
                                              {"Deleting", 409},
                                              {"Quarantined", 409},
                                              {"TooLarge", 413}}};
  for (const Row& row : kRows) {
    if (row.rejection == rejection_code) return {row.code, rejection_code, std::move(message)};
  }
  return {500, rejection_code, std::move(message)};
}

}  // namespace sluice::service
