// Questions to the debugger, as verbs and HTTP routes put them: a verb, parameters as text, and
// JSON lines for an answer.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include "replay/archive.h"

namespace sluice::replay {

struct Question {
  std::string verb;  // "verify", "why", ...
  std::map<std::string, std::string, std::less<>> parameters;

  // Empty when absent.
  std::string Get(std::string_view name) const;
  bool Has(std::string_view name) const { return parameters.find(name) != parameters.end(); }
};

// Takes one line without its line feed; false: nobody listens any more.
using EmitLine = std::function<bool(const std::string& line)>;

struct AskOptions {
  std::string build;  // of this binary
  Time now;           // by the clock of whom is asked
  std::stop_token stop;
};

// Answers with lines {"progress": {"done", "total"}}, {"item": ...} where there are many, and at
// last {"result": ...} or {"error": {"code", "message"}}. Blocks until it is done.
void Ask(const Archive& archive, const Question& question, const AskOptions& options,
         const EmitLine& emit);

// The verbs Ask knows.
bool IsQuestion(std::string_view verb);

}  // namespace sluice::replay
