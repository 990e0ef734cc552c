// Subscriptions over a node's change feed: of objects and of pending actions.
#pragma once

#include <functional>
#include <memory>

#include "engine/node.h"
#include "projections/queries.h"
#include "service/backend.h"

namespace sluice::service {

// `kind` is the query's. Errors: 400 for a resourceVersion that is none, 410 for one too old.
Answer<std::unique_ptr<Subscription>> WatchObjects(Node& node, Queries& queries,
                                                   const ::sluice::KindInfo& kind,
                                                   const WatchQuery& query,
                                                   std::function<void()> wake);

Answer<std::unique_ptr<Subscription>> WatchPendingActions(Node& node, Queries& queries,
                                                          const ActionQuery& query,
                                                          std::function<void()> wake);

// `done` once every partition covers `wanted`; nullptr when that is so already.
std::unique_ptr<Registration> WhenCovered(ChangeFeed& feed, const ResourceVersion& wanted,
                                          std::function<void(Answer<void>)> done);

}  // namespace sluice::service
