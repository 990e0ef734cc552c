// FeedCursor: a reader's place in the change feed of a node.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "projections/change_feed.h"
#include "service/api_error.h"

namespace sluice::service {

// Where a watch begins: at a coverage, or (nullopt) with what is there now. Expired: the feed does
// not go back that far.
Answer<std::optional<Coverage>> WatchStart(const ChangeFeed& feed,
                                           const std::string& resource_version);

// Used by one thread at a time; must not outlive the feed.
class FeedCursor {
 public:
  FeedCursor(const ChangeFeed& feed, Coverage next) : feed_(feed), next_(std::move(next)) {}

  // Visits changes not seen yet, in order within a partition, until `visit` returns false; that
  // change is seen, too. `before` and `after` are the coverage without and with the change.
  // Expired: some were dropped.
  using Visitor = std::function<bool(uint32_t partition, const Change& change,
                                     const Coverage& before, const Coverage& after)>;
  Answer<void> Read(const Visitor& visit);

  // Everything before was visited.
  const Coverage& next() const { return next_; }

 private:
  const ChangeFeed& feed_;
  Coverage next_;
  uint32_t partition_ = 0;  // where the next Read begins, so that none starves another
};

}  // namespace sluice::service
