// Admission: which of the commands that wait for a partition goes next, and whose are refused.
//
// A partition's input is decided in the order it was handed in, so whoever hands in most would have
// most of it. Here only a window of commands is handed in and not yet answered; the rest waits in a
// queue per sender. The queues take turns by cost: a command costs its bytes and a fixed part, and
// the sender that has had least is next. So a command of someone who has nothing else waiting is
// decided after at most the window and about one command of each other sender, however many theirs
// are.
//
// Who may wait is bounded, too: a sender has at most as much waiting as is left free for all. One
// who floods is refused at half of the room, n of them at n/(n+1) together; the others still fit.
//
// Pure: no clock, no threads, no I/O. Not thread-safe.
//
// Source: self-clocked fair queueing (Golestani 1994); dynamic thresholds for a shared buffer
// (Choudhury, Hahne 1998).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/journal/journal.h"
#include "engine/waiting_callers.h"

namespace sluice {

struct AdmissionLimits {
  // Handed in and not yet answered: what is decided, committed and applied meanwhile.
  size_t window_commands = 256;
  size_t window_bytes = size_t{4} << 20;
  // Of all senders together.
  size_t waiting_commands_max = 16384;
  size_t waiting_bytes_max = size_t{32} << 20;
};

// A command on its way to a partition.
struct Admitted {
  InputRecord record;  // with its ticket
  CallerCallback done;
};

class Admission {
 public:
  explicit Admission(AdmissionLimits limits = {}) : limits_(limits) {}

  // Takes a command to wait; the command back when its sender has too many.
  std::optional<Admitted> Offer(std::string_view sender, Admitted command);
  // The next to be handed in; none while the window is full.
  std::optional<Admitted> Next();
  // The command of this ticket is decided, or never will be. Again is no change.
  void Answered(uint64_t ticket);

  size_t waiting() const { return waiting_; }
  size_t waiting_of(std::string_view sender) const;
  size_t handed_in() const { return handed_in_.size(); }
  uint64_t refused() const { return refused_; }

 private:
  struct Sender {
    std::deque<Admitted> commands;
    size_t bytes = 0;
  };
  void AddTurn(std::string_view sender, const Admitted& first);

  using Senders = std::map<std::string, Sender, std::less<>>;

  const AdmissionLimits limits_;
  Senders senders_;  // with something waiting
  // A sender's first command by when it is done if each gets its share, then by who came first.
  // Counted in cost: one that starts now would be done at now_ and its own.
  struct Turn {
    uint64_t done = 0;
    uint64_t number = 0;
    std::string_view sender;
    auto operator<=>(const Turn&) const = default;
  };
  std::set<Turn> turns_;
  uint64_t now_ = 0;  // when the command taken last is done
  uint64_t next_turn_ = 0;
  size_t waiting_ = 0;
  size_t waiting_bytes_ = 0;
  std::unordered_map<uint64_t, size_t> handed_in_;  // bytes, by ticket
  size_t handed_in_bytes_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace sluice
