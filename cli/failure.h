// How a verb ends: exit codes, and failures that say what was wrong, where, and what to do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "events/result.h"
#include "service/client/api.h"

namespace sluice::cli {

// The exit codes of `sluice`; never reused.
enum class Exit : uint8_t {
  kDone = 0,
  kRejected = 1,     // Rejected, not found, not reached in time, or diverged.
  kBadInput = 2,     // Bad usage or input.
  kUnavailable = 3,  // Nobody answers, or not now.
};

// Of several outcomes, the one to exit with: unavailable, then bad input, then rejected.
Exit Worse(Exit a, Exit b);

struct Failure {
  Exit exit;
  std::string message;
};

template <class T>
using Outcome = tl::expected<T, Failure>;

template <class... Args>
[[nodiscard]] tl::unexpected<Failure> Fail(Exit exit, fmt::format_string<Args...> format,
                                           Args&&... args) {
  return tl::unexpected<Failure>(Failure{exit, fmt::format(format, std::forward<Args>(args)...)});
}

[[nodiscard]] inline tl::unexpected<Failure> Again(Failure failure) {
  return tl::unexpected<Failure>(std::move(failure));
}

[[nodiscard]] tl::unexpected<Failure> FromError(const Error& error);

// Of a response that is not 2xx: the message of its Kubernetes Status, or its body as it is.
// `doing` names the request for the user: "get binding/default/web".
[[nodiscard]] tl::unexpected<Failure> FromResponse(std::string_view doing,
                                                   const HttpResponse& response);

}  // namespace sluice::cli
