// WaitingCallers: who in this process waits for which decision, and for which deferred reply.
//
// Where another process may decide, a caller is found by the origin of the decision: the offset its
// command was given. A decision may be seen before the broker has said which offset that is; it is
// kept meanwhile. Threadsafe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
  // A ticket, never 0 and never given again, for one that is to wait.
  uint64_t NextTicket();
  // Under `ticket` waits one for `partition`. `has_offset`: Appended is called for it.
  void Add(uint64_t ticket, uint32_t partition, CallerCallback done, bool has_offset = false);
  // The command of `ticket` has this offset among its partition's commands. The partition, if its
  // decision has been seen: Find has it now.
  std::optional<uint32_t> Appended(uint64_t ticket, uint64_t offset);
  // The command of `ticket`, which has no offset yet, is handed in once more: who waits is found
  // under the ticket returned, and what is decided on the former copy does not answer it. nullopt:
  // nobody waits.
  std::optional<uint64_t> Renew(uint64_t ticket);
  // Whether somebody may wait for this decision of another process, or for the reply it brings.
  bool Awaits(const LogRecord& record) const;
  // The tickets of those who wait for one of `records`, decisions of another process about
  // `partition`, or for one seen before. To be answered by the caller, on the partition's thread.
  using Found = std::vector<std::pair<uint64_t, std::shared_ptr<const LogRecord>>>;
  Found Find(uint32_t partition, const std::vector<std::shared_ptr<const LogRecord>>& records);
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
    bool has_offset = false;
    std::optional<uint64_t> offset = {};
  };
  // Of the commands of one partition.
  struct Origins {
    size_t unknown = 0;                              // callers whose command has no offset yet
    std::unordered_map<uint64_t, uint64_t> tickets;  // by offset
    // Decisions seen while there were such callers.
    std::map<uint64_t, std::shared_ptr<const LogRecord>> seen;
  };
  void Forget(uint64_t ticket, const Waiting& caller);

  template <class Map, class Which>
  static void Move(Map& from, const Which& which, std::vector<Waiting>& into);

  mutable std::mutex mutex_;
  uint64_t next_ticket_ = 1;
  std::unordered_map<uint64_t, Waiting> waiting_;
  std::map<uint32_t, Origins> origins_;  // by partition
  std::multimap<std::pair<std::string, std::string>, Waiting> deferred_;
};

}  // namespace sluice
