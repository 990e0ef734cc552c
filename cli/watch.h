// List, then watch: what `get -w`, `wait` and `delete --wait` do, and how they come through broken
// connections and versions that are too old.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

// What of a kind is read.
struct Selection {
  KindInfo kind;
  std::string namespace_;  // Empty: all.
  std::string labels;
  std::string fields;
  std::string at_least = {};  // A resourceVersion the read is not older than.
  std::string exact = {};     // A resourceVersion, position or time the read is as of.
  bool as_table = false;
};

// Only that object, by a field selector.
Selection OnlyObject(const ObjectRef& ref);

// Every page of the list in one: a Table's rows, or a List's items. A list whose continue token is
// too old is begun again once.
Outcome<nlohmann::json> ListAll(Session& session, const Selection& selection);

enum class WatchEnd : uint8_t { kEnough = 0, kStopped = 1, kElapsed = 2 };

struct WatchHandlers {
  // What there is; called first, and again whenever the server asks to list again (410).
  std::function<Outcome<bool>(const nlohmann::json& list)> on_list;
  // ADDED, MODIFIED, DELETED and the object, or a Table of one row. Both return false for enough.
  std::function<Outcome<bool>(const std::string& type, const nlohmann::json& object)> on_event;
};

// Runs until a handler has enough, the environment's stop token is set, or `total` (unless zero) is
// over. A broken connection is taken up again from the last resourceVersion, without a gap or a
// repeat; kUnavailable after kAttemptsMax attempts in a row that brought nothing.
inline constexpr int kAttemptsMax = 10;
Outcome<WatchEnd> ListAndWatch(Session& session, const Selection& selection,
                               const WatchHandlers& handlers, Duration total);

}  // namespace sluice::cli
