// A process that is loaded or compared with, talked to over its standard input and output.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice::bench {

// One thread. Killed where it still runs when this goes.
class ChildProcess {
 public:
  // `arguments` begin with the program, which is looked for in PATH. Standard error goes to `log`.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& arguments,
                                                     const std::string& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line it prints; nullopt when it ended or took longer.
  std::optional<std::string> ReadLine(Duration at_most);
  void Write(std::string_view bytes);
  // SIGKILL; back when it is gone.
  void Kill();

 private:
  ChildProcess(pid_t pid, int in, int out) : pid_(pid), in_(in), out_(out) {}

  pid_t pid_;
  int in_;
  int out_;
  std::string said_;
};

}  // namespace sluice::bench
