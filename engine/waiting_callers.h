// WaitingCallers: who in this process waits for which decision, and for which deferred reply.
// Threadsafe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "events/envelope.gen.h"
#include "events/result.h"

namespace sluice {

struct CallerAnswer {
  CommandResult result;
  // False: decided and durable, its reply comes later by a second call.
  bool final = true;
};
using CallerCallback = std::function<void(Result<CallerAnswer>)>;

class WaitingCallers {
 public:
  // A ticket, never 0.
  uint64_t Add(CallerCallback done);
  // The caller of `ticket` hears `answer`; when that is not final it waits on under (entity, id).
  void Answer(uint64_t ticket, Result<CallerAnswer> answer);
  // The deferred reply of the command `id` to `entity` is here.
  void AnswerDeferred(const std::string& entity, const std::string& id,
                      const CommandResult& result);
  // Everybody hears `error`.
  void FailAll(const Error& error);

 private:
  std::mutex mutex_;
  uint64_t next_ticket_ = 1;
  std::unordered_map<uint64_t, CallerCallback> waiting_;
  std::multimap<std::pair<std::string, std::string>, CallerCallback> deferred_;
};

}  // namespace sluice
