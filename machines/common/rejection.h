// Rejection: a recorded "no". A value, never an exception; it changes no state.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "events/envelope.gen.h"

namespace sluice {

struct Rejection {
  RejectionCode code = RejectionCode::kUnspecified;
  std::string field;  // JSON path of what is at fault: "spec.bindingKey"; empty if it is the state
  std::string message;  // names the field or the state at fault

  bool operator==(const Rejection&) const = default;

  // One factory per code; `field` may be empty.
  static Rejection InvalidArgument(std::string field, std::string message) {
    return {RejectionCode::kInvalidArgument, std::move(field), std::move(message)};
  }
  static Rejection NotFound(std::string message) {
    return {RejectionCode::kNotFound, "", std::move(message)};
  }
  static Rejection AlreadyExists(std::string message) {
    return {RejectionCode::kAlreadyExists, "", std::move(message)};
  }
  static Rejection VersionConflict(std::string message) {
    return {RejectionCode::kVersionConflict, "", std::move(message)};
  }
  static Rejection IdempotencyConflict(std::string message) {
    return {RejectionCode::kIdempotencyConflict, "", std::move(message)};
  }
  static Rejection InvalidTransition(std::string field, std::string message) {
    return {RejectionCode::kInvalidTransition, std::move(field), std::move(message)};
  }
  static Rejection FailedPrecondition(std::string field, std::string message) {
    return {RejectionCode::kFailedPrecondition, std::move(field), std::move(message)};
  }
  static Rejection Immutable(std::string field, std::string message) {
    return {RejectionCode::kImmutable, std::move(field), std::move(message)};
  }
  static Rejection Deleting(std::string message) {
    return {RejectionCode::kDeleting, "", std::move(message)};
  }
  static Rejection Quarantined(std::string message) {
    return {RejectionCode::kQuarantined, "", std::move(message)};
  }
  static Rejection TooLarge(std::string message) {
    return {RejectionCode::kTooLarge, "", std::move(message)};
  }
};

}  // namespace sluice
