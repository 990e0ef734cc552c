#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"
#include "providers/local/scheduler.h"

namespace sluice::local {

// An instance's place among the others; its directory is `<namespace>/<name>`.
struct InstanceId {
  std::string namespace_;
  std::string name;

  auto operator<=>(const InstanceId&) const = default;
  std::string ToString() const { return namespace_ + "/" + name; }
};

// One environment variable; its value is given, or read from a file or from the provider's own
// environment when the process starts. Values are never logged.
struct EnvVar {
  enum class Source : uint8_t { kValue, kFile, kEnv };

  std::string name;
  Source source = Source::kValue;
  std::string value;  // The value, the file's path, or the variable's name.

  bool operator==(const EnvVar&) const = default;
};

struct ReadinessSpec {
  enum class Kind : uint8_t { kHttp, kTcp, kExec };

  Kind kind = Kind::kTcp;
  std::string path = "/";                 // kHttp
  uint16_t port = 0;                      // kHttp, kTcp; on the process's address
  std::vector<std::string> command = {};  // kExec; exit code 0 is ready
  Micros period{1'000'000};
  Micros timeout{1'000'000};
  uint32_t failure_threshold = 3;  // Failures in a row before "not ready".

  bool operator==(const ReadinessSpec&) const = default;
};

// What to run. `generation` tells one revision of an instance from the next: another generation
// is another process.
struct ProcessSpec {
  std::string uid;
  uint64_t generation = 0;
  std::string location;  // Whose provider runs it, `namespace/name`; carried, not looked at.
  std::vector<std::string> command;
  std::vector<EnvVar> env;
  std::string address;  // SLUICE_ADDRESS
  std::optional<ReadinessSpec> readiness;
  uint32_t restarts_max = 5;
  Micros termination_grace{10'000'000};

  bool operator==(const ProcessSpec&) const = default;
};

// How a process ended. Neither code nor signal: nobody saw it (the host went down, or somebody
// killed the process's keeper as well).
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  std::string error;  // It never ran: why, in words.

  bool operator==(const ExitStatus&) const = default;
  bool success() const { return code == 0; }
  std::string ToString() const;  // "exit code 1", "signal 9 (Killed)", ...
};

enum class ProcessState : uint8_t {
  kPrepared = 0,    // Nothing runs, nothing was asked to. Left by Start.
  kStarting = 1,    // Being launched. Left when the program runs or could not be started.
  kRunning = 2,     // The program runs. Left by its exit, or by Stop, Restart, Remove.
  kBackingOff = 3,  // It exited, a timer is set to start it again.
  kStopping = 4,    // It was asked to end. Left by its exit.
  kStopped = 5,     // It ended because it was asked to, or with exit code 0. Left by Start.
  kFailed = 6,      // It ended and its restarts are used up. Left by Start and by a new generation.
  kRemoved = 7,     // Gone with all its files; last status of an instance.
};
std::string_view ToString(ProcessState state);

// All that is true of one instance's process. Listeners get the whole of it at every change.
struct ProcessStatus {
  InstanceId id;
  std::string uid;
  uint64_t generation = 0;  // Of what runs, ran last, or is prepared.
  ProcessState state = ProcessState::kPrepared;
  uint64_t run = 0;  // Grows with every launch, for ever.
  int pid = 0;       // While kRunning and kStopping.
  std::optional<ExitStatus> last_exit;
  bool completed = false;  // kStopped by itself, with exit code 0.
  bool end_told = false;   // kStopped, kFailed: as said by EndTold.
  // This run is new, and its readiness probe has given no verdict yet: an earlier run's is void.
  bool awaits_probe = false;
  uint32_t restarts = 0;      // Since it last ran stably.
  Micros restart_delay{0};    // While kBackingOff.
  std::optional<bool> ready;  // Empty: no probe, or no verdict yet.
  std::string ready_message;
  std::string address;
  std::string location;

  bool operator==(const ProcessStatus&) const = default;
};

// Runs processes for the provider. Implemented by Supervisor (real ones) and by the simulator.
// Single-threaded. Requests are level-triggered and safe to repeat: each says what is wanted, and
// the listener hears when it is so. A request is durable when it returns.
class ProcessHost {
 public:
  using Listener = std::function<void(const ProcessStatus&)>;

  virtual ~ProcessHost() = default;

  // The listener must not call back into the host.
  virtual void SetListener(Listener listener) = 0;

  // Makes `spec` what the next start runs. A process of another uid or generation is stopped.
  // kInvalid when the command or the environment cannot be resolved; kIo from the disk.
  virtual Result<void> Prepare(const InstanceId& id, const ProcessSpec& spec) = 0;

  // Wants it running. What runs is left alone; what ended by itself is started again only once its
  // end was told, because until then the wish may be older than the end. kNotFound when it was
  // never prepared.
  virtual Result<void> Start(const InstanceId& id) = 0;

  // Wants another run than the one under an older token.
  virtual Result<void> Restart(const InstanceId& id, const std::string& token) = 0;

  // Wants it not running.
  virtual Result<void> Stop(const InstanceId& id) = 0;

  // Wants it gone with its files. An unknown instance is gone already: listeners hear at once.
  virtual Result<void> Remove(const InstanceId& id) = 0;

  // The end of this run is known to whoever asked for it, durably.
  virtual Result<void> EndTold(const InstanceId& id, uint64_t run) = 0;

  virtual std::optional<ProcessStatus> Get(const InstanceId& id) const = 0;
  virtual std::vector<ProcessStatus> List() const = 0;
};

}  // namespace sluice::local
