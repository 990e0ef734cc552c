// Server addresses and percent-encoding, as far as clients of Sluice need them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"

namespace sluice {

struct ServerUrl {
  std::string host;    // Without brackets: "127.0.0.1", "::1", "localhost".
  std::string port;    // Decimal; 7420 when the address has none.
  std::string prefix;  // Path before every target, without a slash at its end; often empty.
};

// Takes "http://HOST[:PORT][/PREFIX]" or "HOST[:PORT]". kInvalid says what is wrong with it.
Result<ServerUrl> ParseServerUrl(std::string_view text);

// Everything but unreserved characters (RFC 3986 §2.3) is encoded.
std::string PercentEncode(std::string_view text);

// "?a=b&c=d" of the pairs whose value is not empty; "" when there is none.
std::string QueryString(const std::vector<std::pair<std::string_view, std::string>>& parameters);

}  // namespace sluice
