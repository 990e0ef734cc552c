#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "events/result.h"
#include "providers/local/host_process.h"
#include "providers/local/process_host.h"

namespace sluice::local {

// Reads what an instance's processes wrote to stdout and stderr: `output.log`, and `output.log.1`
// from before the last rotation, in the instance's directory. Works while they run, with or without
// a provider, across rotations and restarts. Not thread-safe; one reader, one thread.
class LogReader {
 public:
  // kNotFound when this data directory has no such instance. `tail_lines`: begin with that many
  // last lines; empty: with everything that is kept.
  static Result<LogReader> Open(const std::filesystem::path& data_dir, const InstanceId& id,
                                std::optional<uint64_t> tail_lines = {});

  // What was written since the last call, up to `bytes_max`; empty when there is nothing new.
  Result<std::string> Read(size_t bytes_max = 64 * 1024);

  // The instance's directory is gone: nothing will be written any more.
  bool ended() const;

 private:
  explicit LogReader(std::filesystem::path dir) : dir_(std::move(dir)) {}
  void SkipToTail(uint64_t lines);
  bool OpenNext();

  std::filesystem::path dir_;
  UniqueFd file_;       // Kept open, so a rotation takes nothing away.
  uint64_t inode_ = 0;  // Of file_.
};

// The whole of it at once, for `sluice logs` without --follow.
Result<std::string> ReadLog(const std::filesystem::path& data_dir, const InstanceId& id,
                            std::optional<uint64_t> tail_lines = {});

}  // namespace sluice::local
