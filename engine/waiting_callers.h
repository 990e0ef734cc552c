// WaitingCallers: who in this process waits for which decision, and for which deferred reply.
// Threadsafe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/envelope.gen.h"
#include "events/result.h"

namespace sluice {

struct CallerAnswer {
  CommandResult result;
  // False: decided and durable, its reply comes later by a second call.
  bool final = true;
};
using CallerCallback = std::function<void(Result<CallerAnswer>)>;

// Puts a deferred reply into the result of the command it answers.
void AddReply(CommandResult& result, const CommandResult& reply);

class WaitingCallers {
 public:
  // A ticket, never 0, of one who waits for `partition`.
  uint64_t Add(uint32_t partition, CallerCallback done);
  // The caller of `ticket` hears `answer`; when that is not final it waits on under (entity, id).
  void Answer(uint64_t ticket, Result<CallerAnswer> answer);
  // The deferred reply of the command `id` to `entity` is here. Who waited for it hears the result
  // of its own command with that reply.
  void AnswerDeferred(const std::string& entity, const std::string& id, const CommandResult& reply);
  // Everybody who waits for `partition` hears `error`.
  void FailPartition(uint32_t partition, const Error& error);
  // Everybody hears `error`.
  void FailAll(const Error& error);

 private:
  struct Waiting {
    uint32_t partition = 0;
    CallerCallback done;
    CommandResult result;  // of those who wait for a reply
  };
  template <class Map, class Which>
  static void Move(Map& from, const Which& which, std::vector<Waiting>& into);

  std::mutex mutex_;
  uint64_t next_ticket_ = 1;
  std::unordered_map<uint64_t, Waiting> waiting_;
  std::multimap<std::pair<std::string, std::string>, Waiting> deferred_;
};

}  // namespace sluice
