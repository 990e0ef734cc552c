#include "providers/local/process_host.h"

#include <fmt/format.h>

#include <cstring>

namespace sluice::local {

std::string ExitStatus::ToString() const {
  if (!error.empty()) return error;
  if (code) return fmt::format("exit code {}", *code);
  if (signal) return fmt::format("signal {} ({})", *signal, strsignal(*signal));
  return "ended unseen";
}

std::string_view ToString(ProcessState state) {
  switch (state) {
    case ProcessState::kPrepared:
      return "Prepared";
    case ProcessState::kStarting:
      return "Starting";
    case ProcessState::kRunning:
      return "Running";
    case ProcessState::kBackingOff:
      return "BackingOff";
    case ProcessState::kStopping:
      return "Stopping";
    case ProcessState::kStopped:
      return "Stopped";
    case ProcessState::kFailed:
      return "Failed";
    case ProcessState::kRemoved:
      return "Removed";
  }
  Unreachable();
}

}  // namespace sluice::local
