// Everything a verb reads of the world or does to it, so that a test can stand in for all of it.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "events/basic_types.h"
#include "service/client/api.h"

namespace sluice::cli {

struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::function<std::optional<std::string>(const char* name)> variable;
  std::function<Time()> now;
  // Blocks for that long, or until `stop`.
  std::function<void(Duration)> pause;
  // A fresh id for a command.
  std::function<std::string()> new_id;
  // Whom verbs talk to; OpenDataDirectory (offline.h) takes its place for `--data`.
  std::function<std::unique_ptr<Api>(const std::string& server)> connect;
  std::stop_token stop{};  // SIGINT or SIGTERM: end what watches or waits.
};

// The process's own streams, clock and variables.
Environment RealEnvironment(std::stop_token stop);

}  // namespace sluice::cli
