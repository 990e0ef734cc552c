#include "providers/region/region_provider.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "providers/local/retry_delay.h"

namespace sluice::region {

RegionProvider::RegionProvider(std::set<std::string> locations, std::string holder,
                               std::string session_id, NodeClient& node, Scheduler& scheduler,
                               SimulatedRegion& region)
    : locations_(std::move(locations)),
      holder_(std::move(holder)),
      session_id_(std::move(session_id)),
      node_(node),
      scheduler_(scheduler),
      region_(region),
      again_(scheduler) {
  region_.SetListener([this](const SimulatedServer& server) {
    if (on_change) on_change();
    const auto found = sessions_.find(server.location);
    if (found != sessions_.end()) found->second->OnServer(server);
  });
  Watch();
}

RegionProvider::~RegionProvider() { region_.SetListener({}); }

const RegionSession* RegionProvider::session(const std::string& location) const {
  const auto found = sessions_.find(location);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void RegionProvider::Watch() {
  seen_.clear();
  watch_ = node_.WatchLocations([this](const NodeEvent& event) { OnEvent(event); },
                                [this] {
                                  const Micros delay = local::RetryDelay(watch_failures_);
                                  if (watch_failures_++ == 0)
                                    spdlog::warn("the node is out of reach; the region goes on");
                                  again_.Arm(delay, [this] { Watch(); });
                                });
}

void RegionProvider::OnEvent(const NodeEvent& event) {
  watch_failures_ = 0;
  if (event.type == NodeEvent::Type::kSynced) {
    std::erase_if(sessions_, [this](const auto& entry) { return !seen_.contains(entry.first); });
    return;
  }
  const Result<LocationObject> location = local::ParseLocation(event.object);
  if (!location) {
    spdlog::error("{}", location.error().message);
    return;
  }
  const bool ours =
      locations_.empty() ? location->provider == kProvider : locations_.contains(location->name);
  if (event.type == NodeEvent::Type::kDeleted || !ours) {
    sessions_.erase(location->name);
    seen_.erase(location->name);
    return;
  }
  seen_.insert(location->name);
  auto& session = sessions_[location->name];
  if (!session) {
    // Of a location that was made anew, too, no command has the id of an earlier one.
    session = std::make_unique<RegionSession>(location->name, holder_,
                                              fmt::format("{}-{}", session_id_, ++sessions_made_),
                                              node_, scheduler_, region_);
  }
  session->OnLocation(*location);
}

}  // namespace sluice::region
