// How things fail: Result<T> for a fault outside us, CHECK for a broken invariant of ours,
// InvariantViolation for a machine's. Business refusals are values of their own (machines/common).
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace sluice {

enum class ErrorCode : uint8_t {
  kInvalid,      // The caller's input is wrong; trying again does not help.
  kCorruption,   // Stored or received bytes are not what they must be.
  kUnavailable,  // Try again later.
  kFenced,       // Somebody else owns it by now.
  kNotFound,
  kIo,
  kUnknownType,  // Well formed, but of a type or version this build does not know.
};

std::string_view ToString(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;

  bool operator==(const Error&) const = default;
};

// "Corruption: ..."
std::string ToString(const Error& error);

template <class T>
using Result = tl::expected<T, Error>;

// return Err(ErrorCode::kIo, "cannot open {}", path);
template <class... Args>
[[nodiscard]] tl::unexpected<Error> Err(ErrorCode code, fmt::format_string<Args...> format,
                                        Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// A machine found its own state impossible. The engine quarantines that entity and goes on.
class InvariantViolation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Prints where and what, then aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

// After a switch over every enumerator. Aborts.
[[noreturn]] void Unreachable();

}  // namespace sluice

// A broken invariant of the process: aborts with file and line, in release builds too.
#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]] {                         \
      ::sluice::CheckFailed(#condition, __FILE__, __LINE__); \
    }                                                        \
  } while (false)
