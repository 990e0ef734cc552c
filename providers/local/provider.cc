#include "providers/local/provider.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "providers/local/retry_delay.h"

namespace sluice::local {
Provider::Provider(ProviderOptions options, NodeClient& node, Scheduler& scheduler,
                   ProcessHost& host)
    : options_(std::move(options)),
      node_(node),
      scheduler_(scheduler),
      host_(host),
      again_(scheduler) {
  host_.SetListener([this](const ProcessStatus& status) {
    const auto found = sessions_.find(status.location);
    if (found != sessions_.end()) found->second->OnStatus(status);
  });
  Watch();
}

Provider::~Provider() { host_.SetListener({}); }

const LocationSession* Provider::session(const std::string& location) const {
  const auto found = sessions_.find(location);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Provider::Watch() {
  seen_.clear();
  watch_ = node_.WatchLocations([this](const NodeEvent& event) { OnEvent(event); },
                                [this] {
                                  const Micros delay = RetryDelay(watch_failures_);
                                  if (watch_failures_++ == 0) {
                                    spdlog::warn("the node is out of reach; what runs goes on");
                                  }
                                  again_.Arm(delay, [this] { Watch(); });
                                });
}

void Provider::OnEvent(const NodeEvent& event) {
  watch_failures_ = 0;
  if (event.type == NodeEvent::Type::kSynced) {
    std::erase_if(sessions_, [this](const auto& entry) { return !seen_.contains(entry.first); });
    return;
  }
  const Result<LocationObject> location = ParseLocation(event.object);
  if (!location) {
    spdlog::error("{}", location.error().message);
    return;
  }
  const bool ours = options_.locations.empty() ? location->provider == kProvider
                                               : options_.locations.contains(location->name);
  if (event.type == NodeEvent::Type::kDeleted || !ours) {
    sessions_.erase(location->name);
    seen_.erase(location->name);
    return;
  }
  seen_.insert(location->name);
  auto& session = sessions_[location->name];
  if (!session) {
    // Of a location that was made anew, too, no command has the id of an earlier one.
    session = std::make_unique<LocationSession>(
        location->name, options_.holder,
        fmt::format("{}-{}", options_.session_id, ++sessions_made_), node_, scheduler_, host_);
  }
  session->OnLocation(*location);
}

}  // namespace sluice::local
