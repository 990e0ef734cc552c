// Commands as users write them, one JSON object a line, and their way to the node in batches.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

struct CommandLineText {
  std::string where;  // "commands.jsonl, line 3"
  std::string id;
  std::string entity;
  std::string text;  // One line of JSON that carries the id; otherwise as it was given.
};

// Checks that `text` is one JSON object and sees to its id, making one up when there is none.
Outcome<CommandLineText> ReadCommand(Session& session, std::string where, std::string_view text);

// Sends them in order, many at a time, and prints a result a line. What was refused or not answered
// is said on standard error, with its place. The worst that happened is returned.
Outcome<Exit> SendBatch(Session& session, const std::vector<CommandLineText>& batch,
                        Duration timeout);

inline constexpr size_t kBatchCommandsMax = 256;
inline constexpr size_t kBatchBytesMax = size_t{1} << 20;

}  // namespace sluice::cli
