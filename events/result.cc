#include "events/result.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

std::string_view ToString(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "Invalid";
    case ErrorCode::kCorruption:
      return "Corruption";
    case ErrorCode::kUnavailable:
      return "Unavailable";
    case ErrorCode::kFenced:
      return "Fenced";
    case ErrorCode::kNotFound:
      return "NotFound";
    case ErrorCode::kIo:
      return "Io";
    case ErrorCode::kUnknownType:
      return "UnknownType";
  }
  Unreachable();
}

std::string ToString(const Error& error) {
  return fmt::format("{}: {}", ToString(error.code), error.message);
}

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

void Unreachable() {
  std::fputs("unreachable code was reached\n", stderr);
  std::abort();
}

}  // namespace sluice
