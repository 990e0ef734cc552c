#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "events/result.h"
#include "providers/local/process_host.h"

namespace sluice::local {

// What is wanted of an instance, in the words of ProcessHost.
enum class Wanted : uint8_t { kPrepared = 0, kRunning = 1, kStopped = 2, kRemoved = 3 };

// How the instance's latest run ended, when that settles it until somebody asks again.
enum class Outcome : uint8_t { kNone = 0, kCompleted = 1, kFailed = 2 };

// DIR/intent.json: what the supervisor wants and remembers. Written before anything is done about
// it.
struct Intent {
  ProcessSpec spec;
  Wanted wanted = Wanted::kPrepared;
  std::string token;  // Of the latest Restart.
  uint64_t run = 0;   // The latest launch; written before it.
  uint64_t run_generation = 0;
  std::string run_uid;
  std::string run_token;
  uint64_t run_handled = 0;  // The latest run whose end was dealt with.
  uint64_t run_told = 0;     // The latest run whose end was told.
  uint32_t restarts = 0;
  Outcome outcome = Outcome::kNone;
  std::optional<ExitStatus> last_exit;

  bool operator==(const Intent&) const = default;
};

// DIR/run.json, written by the shim before the program is executed.
struct RunRecord {
  uint64_t run = 0;
  std::string boot_id;
  int shim_pid = 0;
  uint64_t shim_start = 0;  // Clock ticks since boot.
  int pid = 0;
  uint64_t start = 0;
};

// DIR/exit.json, written by the shim when the program and all that it left behind are gone.
struct ExitRecord {
  uint64_t run = 0;
  ExitStatus status;
};

// `DATA/local/NAMESPACE/NAME`.
std::filesystem::path InstanceDirectory(const std::filesystem::path& data, const InstanceId& id);

Result<void> WriteIntent(const std::filesystem::path& dir, const Intent& intent);

// Empty when there is none; kCorruption when it cannot be read.
Result<std::optional<Intent>> ReadIntent(const std::filesystem::path& dir);

// Empty when there is none or it is not (yet) whole.
std::optional<RunRecord> ReadRun(const std::filesystem::path& dir);
std::optional<ExitRecord> ReadExit(const std::filesystem::path& dir);

// Replaces `path`: after a crash it holds the old text or the new one, whole.
Result<void> WriteFileDurably(const std::filesystem::path& path, const std::string& text);

}  // namespace sluice::local
