// Sends commands to a node and reads their results.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/session.h"

namespace sluice::cli {

// A decision's result (design §7). `is_final` is false when its reply had not come in time.
struct CommandResult {
  std::string text;  // One line of JSON, as the server gave it.
  bool accepted = false;
  bool is_final = true;
};

// `command` is one JSON object and must carry an id: while the answer is deferred it is sent again
// under it, until `timeout` has passed. A rejection is a result; a failure means that no decision
// was seen, and names the id.
Outcome<CommandResult> SendCommand(Session& session, const std::string& command,
                                   std::string_view id, Duration timeout);

// "Code: field: message" of a rejection; the field is left out when the message names it.
std::string RejectionReason(const nlohmann::json& rejection);

// "rejected: Code: field: message" of a result that was not accepted.
std::string RejectionText(const nlohmann::json& result);

inline constexpr Duration kCommandTimeout = Duration::Seconds(60);

}  // namespace sluice::cli
