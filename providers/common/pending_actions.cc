#include "providers/common/pending_actions.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "providers/common/json_number.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr auto kAgainFirst = std::chrono::milliseconds(200);
constexpr auto kAgainLast = std::chrono::milliseconds(5000);

void Put(PendingWork& work, const Action& action, bool removed) {
  const auto same = [&](const Action& other) {
    return other.verb == action.verb && other.target == action.target;
  };
  const auto found = std::find_if(work.actions.begin(), work.actions.end(), same);
  if (removed) {
    if (found != work.actions.end()) work.actions.erase(found);
  } else if (found != work.actions.end()) {
    *found = action;
  } else {
    work.actions.push_back(action);
  }
}

}  // namespace

PendingActions::PendingActions(Api& node, std::string location)
    : node_(node),
      location_(std::move(location)),
      thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

PendingActions::~PendingActions() = default;

std::vector<PendingWork> PendingActions::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<PendingWork> all;
  for (const auto& [entity, work] : works_) all.push_back(work);
  return all;
}

void PendingActions::Wait(Duration time, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, std::chrono::microseconds(time.us), [this] { return dirty_; });
  dirty_ = false;
}

void PendingActions::Watch(const std::stop_token& stop) {
  auto again = kAgainFirst;
  while (!stop.stop_requested()) {
    told_all_ = false;
    fresh_.clear();
    const auto outcome = node_.Stream(
        {.target = "/actions?location=" + location_ + "&watch=true&allowWatchBookmarks=true"},
        [&](std::string_view line) {
          again = kAgainFirst;
          return Take(line);
        },
        stop);
    if (stop.stop_requested()) return;
    if (!outcome) spdlog::warn("watching what is pending: {}", outcome.error().message);
    std::mutex never;
    std::unique_lock lock(never);
    std::condition_variable_any().wait_for(lock, stop, again, [] { return false; });
    again = std::min(again * 2, kAgainLast);
  }
}

// One line of the watch; false when it tells that the watch is over.
bool PendingActions::Take(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  const std::string type = json.value("type", "");
  if (type == "BOOKMARK") {
    if (told_all_) return true;
    const std::lock_guard lock(mutex_);
    told_all_ = true;
    works_ = std::move(fresh_);
    fresh_.clear();
    dirty_ = true;
    changed_.notify_all();
    return true;
  }
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") return false;
  const Json object = json.value("object", Json::object());
  const std::string entity = object.value("entity", "");
  auto key = ParseEntityKey(entity);
  if (!key) return true;
  const Action action{.verb = object.value("verb", ""),
                      .target = object.value("target", ""),
                      .uid = object.value("uid", ""),
                      .attempt = JsonNumber(object, "attempt"),
                      .generation = JsonNumber(object, "generation")};
  const std::lock_guard lock(mutex_);
  std::map<std::string, PendingWork>& works = told_all_ ? works_ : fresh_;
  PendingWork& work = works[entity];
  work.entity = std::move(*key);
  Put(work, action, type == "DELETED");
  if (work.actions.empty()) works.erase(entity);
  if (told_all_) {
    dirty_ = true;
    changed_.notify_all();
  }
  return true;
}

}  // namespace sluice
