// Watches over a node's change feed, of objects and of pending actions, and waiting for a version.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "projections/change_feed.h"
#include "projections/queries.h"
#include "service/backend.h"

namespace sluice::service {

// As Backend::Watch; `kind` is the query's. `queries` and `feed` outlive the subscription. 400 for
// a resourceVersion that is none, 410 for one too old.
Answer<std::unique_ptr<Subscription>> WatchObjects(const Queries& queries, ChangeFeed& feed,
                                                   const ::sluice::KindInfo& kind,
                                                   const WatchQuery& query,
                                                   std::function<void()> wake);

// As Backend::WatchActions.
Answer<std::unique_ptr<Subscription>> WatchPendingActions(Queries& queries, ChangeFeed& feed,
                                                          const ActionQuery& query,
                                                          std::function<void()> wake);
// What an action query asks for, location or provider; nullopt: everything.
std::optional<std::string> LocationOf(const ActionQuery& query);

// `done` once every partition covers `wanted`; nullptr when that is so already.
std::unique_ptr<Registration> WhenCovered(ChangeFeed& feed, ResourceVersion wanted,
                                          std::function<void(Answer<void>)> done);

}  // namespace sluice::service
