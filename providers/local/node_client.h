#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/result.h"

namespace sluice::local {

// What a command came to.
struct CommandAnswer {
  bool accepted = false;
  std::string rejection_code;  // Empty when accepted.
  std::string rejection_message;
  std::string position;  // Of the decision; a read may wait for it.
  std::string reply;     // JSON text of the reply's fields; empty when there is none.
};

struct NodeEvent {
  enum class Type : uint8_t {
    kAdded,
    kModified,
    kDeleted,
    kSynced,  // All that was there when the watch began has been told; no object.
  };
  Type type = Type::kAdded;
  std::string object;  // JSON text.
};

// Ends the watch when destroyed: no callback runs after that.
class NodeWatch {
 public:
  virtual ~NodeWatch() = default;
};

// What the provider asks of a node. Injected, so that a simulator can delay, repeat and lose.
// Single-threaded: calls come from, and callbacks run on, the provider's thread, never from inside
// the call.
class NodeClient {
 public:
  using Answered = std::function<void(Result<CommandAnswer>)>;
  using Got = std::function<void(Result<std::optional<std::string>>)>;

  virtual ~NodeClient() = default;

  // `command` is JSON of design §7. kUnavailable: nothing is known of it, send it again under its
  // id.
  virtual void Send(std::string command, Answered answered) = 0;

  // The object `kind/namespace/name` as JSON; empty when there is none. Not older than the decision
  // at `at_least`, unless that is empty.
  virtual void Get(const std::string& kind, const std::string& name_space, const std::string& name,
                   const std::string& at_least, Got got) = 0;

  // Begins with all that is there, then kSynced, then goes on. `ended` runs once if it breaks; the
  // caller opens another.
  using Watcher = std::function<void(const NodeEvent&)>;
  virtual std::unique_ptr<NodeWatch> WatchLocations(Watcher watcher,
                                                    std::function<void()> ended) = 0;
  virtual std::unique_ptr<NodeWatch> WatchActions(const std::string& location, Watcher watcher,
                                                  std::function<void()> ended) = 0;
};

}  // namespace sluice::local
