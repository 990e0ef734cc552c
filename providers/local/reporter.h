#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "providers/local/node_client.h"
#include "providers/local/scheduler.h"

namespace sluice::local {

// Sends commands until each is answered: in order and one at a time per entity, under ids that stay
// the same while they are tried again, so that the engine takes a repeat for one. What waits behind
// is replaced by a newer command of the same type, so the queue of an entity is bounded by the
// number of types, however long the node is away. Single-threaded.
class Reporter {
 public:
  using Answered = std::function<void(const CommandAnswer&)>;

  Reporter(NodeClient& node, Scheduler& scheduler);
  ~Reporter() { *alive_ = false; }

  // `text` is the whole command as JSON. `answered` runs once it, or the newer one that
  // replaced it, was decided. A command to a quarantined entity counts as answered and is tried
  // again all the same.
  void Send(const std::string& entity, const std::string& command, std::string text,
            Answered answered);

  // Forgets all that was not sent, and what is under way is not tried again.
  void Clear() { queues_.clear(); }

 private:
  struct Command {
    std::string type;
    std::string text;
    Answered answered;
  };
  struct Queue {
    std::deque<Command> commands;
    bool in_flight = false;  // The first one is.
    uint64_t number = 0;     // Tells this queue from one that was cleared meanwhile.
  };

  void SendFirst(const std::string& entity);
  void TryAgainIn(Micros delay);
  void Handle(const std::string& entity, uint64_t number, const Result<CommandAnswer>& answer);

  NodeClient& node_;
  std::map<std::string, Queue> queues_;  // By entity; none is empty.
  uint64_t last_number_ = 0;
  uint32_t failures_ = 0;  // In a row, of all.
  ScopedTimer again_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For answers that come too late.
};

}  // namespace sluice::local
