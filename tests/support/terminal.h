// The real `sluice` binary on a terminal of its own: what a person at it types and sees.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "events/basic_types.h"

namespace sluice::testing {

// Not thread-safe.
class Terminal {
 public:
  // Runs `sluice ARGUMENTS` with a pseudo-terminal as its three streams.
  explicit Terminal(const std::vector<std::string>& arguments);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Types a line.
  void Type(const std::string& line);
  // What was shown since the last call, up to and including `text`; everything that was, where it
  // ended or showed no such thing within a minute: the caller looks for `text` in it.
  std::string ReadTo(const std::string& text);
  // Its exit code; 137 where it had to be killed.
  int Wait(Duration at_most = Duration::Seconds(60));

 private:
  pid_t pid_ = -1;
  int master_ = -1;
  std::string shown_;
};

}  // namespace sluice::testing
