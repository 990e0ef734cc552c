#pragma once

#include <optional>
#include <string>

#include "service/client/api.h"

// Calls that every provider makes of a node, each answered before it returns.
namespace sluice {

struct CommandOutcome {
  bool accepted = false;
  std::string rejection;  // "Code: message"; empty when accepted.
  std::string reply;      // JSON text; empty when there is none.
};

// `command` is JSON of design §7. kUnavailable: whether it was decided is not known; sent again
// under its id it is decided once.
Result<CommandOutcome> SendCommand(Api& node, const std::string& command);

// The object as JSON text; empty when there is none.
Result<std::optional<std::string>> GetObject(Api& node, const std::string& kind,
                                             const std::string& name_space,
                                             const std::string& name);

}  // namespace sluice
