#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/backend.h"
#include "service/http_message.h"

namespace sluice::service {

// How a watch shows things; the same for objects and actions.
struct WatchView {
  // A line for an event of `type`; `first` is the first of this watch.
  std::function<std::string(std::string_view type, const WatchEvent&, bool first)> line;
  std::string bookmark_kind;  // empty: no bookmarks
  ObjectFilter filter;
  std::function<int64_t()> now_us;
  int64_t bookmark_every_us = 0;
  std::optional<int64_t> ends_at_us;
};

// A watch as JSON lines. Ends on an error of the subscription, with an ERROR line.
std::unique_ptr<Stream> MakeWatchStream(std::unique_ptr<Subscription> subscription,
                                        std::shared_ptr<Waker> waker, WatchView view);

// What an event is for a watcher behind `filter`: an object that stops matching is gone for it.
// nullopt: nothing to tell.
std::optional<WatchEvent::Type> TypeBehindFilter(const ObjectFilter& filter,
                                                 const WatchEvent& event);

std::unique_ptr<Stream> MakeLogStream(std::unique_ptr<LogReader> reader, bool follow,
                                      std::chrono::milliseconds poll);

}  // namespace sluice::service
