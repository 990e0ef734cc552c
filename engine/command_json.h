// Commands and their results as JSON (docs/formats/json.md, design §7).
#pragma once

#include <string>
#include <string_view>

#include "events/envelope.gen.h"
#include "events/result.h"
#include "machines/common/kind.h"

namespace sluice {

inline constexpr size_t kCommandBytesMax = 256 * 1024;

// {"id","entity","command","payload","expectedVersion","actor","correlationId"}: `entity` and
// `command` are required. kInvalid lists every fault with its path.
Result<Command> CommandFromJson(std::string_view text, const KindRegistry& kinds);
std::string CommandToJson(const Command& command);

// What a caller is told of a committed decision.
CommandResult ResultOf(const LogRecord& record);
std::string ResultToJson(const CommandResult& result);

}  // namespace sluice
