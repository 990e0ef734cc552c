#pragma once

#include <string>
#include <vector>

#include "providers/local/process_host.h"

namespace sluice::local {

// A fact told to the engine by a command.
struct Report {
  std::string command;  // "ReportRunning"
  // The payload's fields as JSON text, without the lease term, which the sender adds.
  std::string payload;
  // What tells this fact from the same words said of an earlier run.
  uint64_t run = 0;

  bool operator==(const Report&) const = default;
};

// Everything that this status has to say, in the order it should be told.
std::vector<Report> ReportsFor(const ProcessStatus& status);

// A fact that does not come from a process. `holds` is the report's status.
Report PlainReport(const std::string& command, bool holds, const std::string& reason,
                   const std::string& message, const std::string& uid, uint64_t generation);

// The whole command, ready to send.
std::string CommandText(const std::string& id, const std::string& entity,
                        const std::string& command, const std::string& payload);
std::string CommandText(const std::string& id, const std::string& entity, const Report& report,
                        uint64_t lease_term);

}  // namespace sluice::local
