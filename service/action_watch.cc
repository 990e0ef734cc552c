#include <algorithm>
#include <deque>

#include "projections/store_mentions.h"
#include "service/feed_cursor.h"
#include "service/node_answers.h"
#include "service/node_watch.h"

namespace sluice::service {
namespace {

class ActionSubscription final : public Subscription {
 public:
  ActionSubscription(ChangeFeed& feed, const ActionQuery& query, std::vector<std::string> present,
                     Coverage next, std::function<void()> wake)
      : location_(LocationOf(query)),
        present_(present.begin(), present.end()),
        cursor_(feed, std::move(next)),
        listener_(feed.Listen(std::move(wake))) {}

  Answer<std::vector<WatchEvent>> Poll(size_t max) override {
    std::vector<WatchEvent> events;
    while (!present_.empty() && events.size() < max) {
      WatchEvent event;
      event.object.json = std::move(present_.front());
      present_.pop_front();
      event.resource_version = Position();
      events.push_back(std::move(event));
    }
    if (!events.empty() || max == 0) return events;
    auto read = cursor_.Read(
        [&](uint32_t, const Change& change, const Coverage& before, const Coverage& after) {
          AddEvents(change, before, after, &events);
          return events.size() < max;
        });
    if (!read) return Fail(read.error());
    return events;
  }

  std::string Position() const override {
    return present_.empty() ? FormatCoverage(cursor_.next()) : "0";
  }

 private:
  using Actions = std::vector<PendingAction>;

  Actions Watched(const std::vector<std::string>& mentions) const {
    Actions actions;
    for (const std::string& mention : mentions) {
      auto action = store::ParseActionMention(mention);
      if (action && IsAtLocation(location_, action->location)) actions.push_back(*action);
    }
    return actions;
  }

  static bool Has(const Actions& actions, const PendingAction& wanted) {
    return std::any_of(actions.begin(), actions.end(), [&](const PendingAction& action) {
      return action.verb == wanted.verb && action.target == wanted.target;
    });
  }

  // At most one action is pending per verb and target: one that ended and began has changed.
  void AddEvents(const Change& change, const Coverage& before, const Coverage& after,
                 std::vector<WatchEvent>* events) const {
    const Actions ended = Watched(change.actions_ended);
    const Actions begun = Watched(change.actions_begun);
    const size_t first = events->size();
    const auto add = [&](WatchEvent::Type type, const PendingAction& action) {
      WatchEvent event;
      event.type = type;
      event.object.json = ActionJson(change.entity, action);
      // Going on from the middle of a change repeats it.
      event.resource_version = FormatCoverage(before);
      events->push_back(std::move(event));
    };
    for (const PendingAction& action : ended) {
      if (!Has(begun, action)) add(WatchEvent::Type::kDeleted, action);
    }
    for (const PendingAction& action : begun) {
      add(Has(ended, action) ? WatchEvent::Type::kModified : WatchEvent::Type::kAdded, action);
    }
    if (events->size() > first) events->back().resource_version = FormatCoverage(after);
  }

  const std::optional<std::string> location_;
  std::deque<std::string> present_;
  FeedCursor cursor_;
  std::unique_ptr<ChangeFeed::Listener> listener_;
};

}  // namespace

Answer<std::unique_ptr<Subscription>> WatchPendingActions(Queries& queries, ChangeFeed& feed,
                                                          const ActionQuery& query,
                                                          std::function<void()> wake) {
  auto start = WatchStart(feed, query.resource_version);
  if (!start) return Fail(start.error());
  std::vector<std::string> present;
  if (!*start) {
    auto now = queries.Actions({.location = LocationOf(query), .limit = 0});
    if (!now) return Fail(FromReadError(now.error()));
    present = std::move(now->items);
    *start = std::move(now->coverage);
  }
  return std::make_unique<ActionSubscription>(feed, query, std::move(present), std::move(**start),
                                              std::move(wake));
}

std::optional<std::string> LocationOf(const ActionQuery& query) {
  if (!query.location.empty()) return query.location;
  if (!query.provider.empty()) return query.provider;
  return std::nullopt;
}

}  // namespace sluice::service
