#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

#include "service/backend.h"

namespace sluice::service {

// A question to the debugger: `/debug/VERB` and its parameters.
struct DebugQuery {
  std::string verb;
  std::map<std::string, std::string, std::less<>> parameters;
};

// What a Backend is, too, whose log can be looked into. As threadsafe as a Backend.
class Debuggable {
 public:
  virtual ~Debuggable() = default;

  // Whether the debugger knows this verb.
  virtual bool Debugs(const std::string& verb) const = 0;
  // Answers with JSON lines, and blocks until that is done, `emit` returns false or `stop` is set:
  // to be called on a thread of its own.
  virtual void Debug(const DebugQuery& query, const std::function<bool(std::string line)>& emit,
                     std::stop_token stop) = 0;
  // Backend::Resolve as of a past point.
  virtual Answer<std::string> ResolveAt(const ResolveQuery& query, const ReadAt& at) = 0;

  // Questions being answered now, each on a thread of its own.
  std::atomic<int> debugging = 0;
};

}  // namespace sluice::service
