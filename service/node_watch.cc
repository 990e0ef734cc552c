#include "service/node_watch.h"

#include <atomic>
#include <deque>

#include "projections/store_mentions.h"
#include "service/node_answers.h"

namespace sluice::service {
namespace {

// What both watches are: what is there at the start, then the feed from a cursor on.
class FeedSubscription : public Subscription {
 public:
  FeedSubscription(ChangeFeed& feed, std::function<void()> wake)
      : feed_(feed), listener_(feed.Listen(std::move(wake))) {}

  Answer<std::vector<WatchEvent>> Poll(size_t max) override {
    std::vector<WatchEvent> events;
    while (!initial_.empty() && events.size() < max) {
      events.push_back(std::move(initial_.front()));
      initial_.pop_front();
    }
    for (uint32_t partition = 0; partition < cursor_.size() && events.size() < max; ++partition) {
      std::vector<std::shared_ptr<const Change>> changes;
      const auto next = feed_.Read(partition, cursor_[partition], max - events.size(), &changes);
      if (!next) {
        return Fail(next.error().code == ErrorCode::kNotFound
                        ? ApiError::Expired("the resourceVersion is too old; list again")
                        : FromNodeError(next.error()));
      }
      for (const auto& change : changes) {
        cursor_[partition] = change->sequence + 1;
        if (auto given = Give(*change, partition, events); !given) return Fail(given.error());
      }
      cursor_[partition] = *next;
    }
    return events;
  }

  std::string Position() const override { return FormatCoverage(cursor_); }

  void StartAt(Coverage cursor) { cursor_ = std::move(cursor); }
  void AddInitial(WatchEvent event) {
    event.type = WatchEvent::Type::kAdded;
    initial_.push_back(std::move(event));
  }

 protected:
  virtual Answer<void> Give(const Change& change, uint32_t partition,
                            std::vector<WatchEvent>& events) = 0;

 private:
  ChangeFeed& feed_;
  std::deque<WatchEvent> initial_;
  Coverage cursor_;
  std::unique_ptr<ChangeFeed::Listener> listener_;
};

class ObjectSubscription final : public FeedSubscription {
 public:
  ObjectSubscription(ChangeFeed& feed, std::function<void()> wake, const ::sluice::KindInfo& kind,
                     std::optional<std::string> namespace_name, bool filtered)
      : FeedSubscription(feed, std::move(wake)),
        kind_(kind),
        namespace_(std::move(namespace_name)),
        filtered_(filtered) {}

 private:
  static std::optional<WatchEvent::Type> TypeOfChange(Change::What what) {
    switch (what) {
      case Change::What::kAdded:
        return WatchEvent::Type::kAdded;
      case Change::What::kModified:
        return WatchEvent::Type::kModified;
      case Change::What::kDeleted:
        return WatchEvent::Type::kDeleted;
      case Change::What::kNone:
        return std::nullopt;
    }
    Unreachable();
  }

  Answer<ObjectText> Text(const Change& change, const Bytes& root, const std::string& version) {
    auto state = UnpackRoot(kind_, root);
    if (!state) return Fail(FromNodeError(state.error()));
    (*state)->version = change.version;
    return MakeObjectText(kind_, change.entity, **state, version);
  }

  Answer<void> Give(const Change& change, uint32_t partition,
                    std::vector<WatchEvent>& events) override {
    const auto type = TypeOfChange(change.what);
    if (!type || change.kind != &kind_ || !change.after) return {};
    const auto key = ParseEntityKey(change.entity);
    if (!key || (namespace_ && key->namespace_ != *namespace_)) return {};
    const std::string position = FormatPosition(partition, change.sequence);
    auto text = Text(change, *change.after, position);
    if (!text) return Fail(text.error());
    WatchEvent event;
    event.type = *type;
    event.object = ToView(std::move(*text));
    event.resource_version = Position();
    if (filtered_ && change.before) {
      auto before = Text(change, *change.before, position);
      if (before) event.before = std::move(before->json);
    }
    events.push_back(std::move(event));
    return {};
  }

  const ::sluice::KindInfo& kind_;
  const std::optional<std::string> namespace_;
  const bool filtered_;
};

class ActionSubscription final : public FeedSubscription {
 public:
  ActionSubscription(ChangeFeed& feed, std::function<void()> wake,
                     std::optional<std::string> location)
      : FeedSubscription(feed, std::move(wake)), location_(std::move(location)) {}

 private:
  void GiveAction(const Change& change, const std::string& mention, WatchEvent::Type type,
                  std::vector<WatchEvent>& events) {
    const auto action = store::ParseActionMention(mention);
    if (!action || !IsAtLocation(location_, action->location)) return;
    WatchEvent event;
    event.type = type;
    event.object.json = ActionJson(change.entity, *action);
    event.resource_version = Position();
    events.push_back(std::move(event));
  }

  Answer<void> Give(const Change& change, uint32_t, std::vector<WatchEvent>& events) override {
    for (const std::string& mention : change.actions_ended) {
      GiveAction(change, mention, WatchEvent::Type::kDeleted, events);
    }
    for (const std::string& mention : change.actions_begun) {
      GiveAction(change, mention, WatchEvent::Type::kAdded, events);
    }
    return {};
  }

  const std::optional<std::string> location_;
};

// The coverage a watch goes on from; nullopt: it begins with what is there.
Answer<std::optional<Coverage>> StartOf(const std::string& version, uint32_t partitions) {
  if (version.empty() || version == "0") return std::optional<Coverage>();
  const auto parsed = ParseResourceVersion(version, partitions);
  if (!parsed) return Fail(FromNodeError(parsed.error()));
  if (const auto* coverage = std::get_if<Coverage>(&*parsed)) {
    return std::optional<Coverage>(*coverage);
  }
  return std::optional<Coverage>();
}

// 410 now rather than at the first Poll.
Answer<void> CheckKept(const ChangeFeed& feed, const Coverage& cursor) {
  const Coverage oldest = feed.Oldest();
  for (size_t partition = 0; partition < cursor.size(); ++partition) {
    if (cursor[partition] < oldest[partition]) {
      return Fail(ApiError::Expired("the resourceVersion is too old; list again"));
    }
  }
  return {};
}

bool Covers(const Coverage& published, const ResourceVersion& wanted) {
  if (const auto* position = std::get_if<DecisionPosition>(&wanted)) {
    return published[position->partition] > position->sequence;
  }
  const auto& coverage = std::get<Coverage>(wanted);
  for (size_t partition = 0; partition < coverage.size(); ++partition) {
    if (published[partition] < coverage[partition]) return false;
  }
  return true;
}

class CoverageRegistration final : public Registration {
 public:
  CoverageRegistration(ChangeFeed& feed, ResourceVersion wanted,
                       std::function<void(Answer<void>)> done)
      : feed_(feed), wanted_(std::move(wanted)), done_(std::move(done)) {}
  void Listen() {
    listener_ = feed_.Listen([this] { Check(); });
    Check();
  }

 private:
  void Check() {
    if (!Covers(feed_.Published(), wanted_) || called_.exchange(true)) return;
    done_({});
  }

  ChangeFeed& feed_;
  const ResourceVersion wanted_;
  const std::function<void(Answer<void>)> done_;
  std::atomic<bool> called_ = false;
  std::unique_ptr<ChangeFeed::Listener> listener_;
};

}  // namespace

Answer<std::unique_ptr<Subscription>> WatchObjects(Node& node, Queries& queries,
                                                   const ::sluice::KindInfo& kind,
                                                   const WatchQuery& query,
                                                   std::function<void()> wake) {
  auto start = StartOf(query.resource_version, node.partition_count());
  if (!start) return Fail(start.error());
  auto subscription = std::make_unique<ObjectSubscription>(node.feed(), std::move(wake), kind,
                                                           query.namespace_, !query.filter.empty());
  if (*start) {
    if (auto kept = CheckKept(node.feed(), **start); !kept) return Fail(kept.error());
    subscription->StartAt(std::move(**start));
    return subscription;
  }
  ListRequest request;
  request.kind = &kind;
  request.namespace_ = query.namespace_;
  if (!query.filter.empty()) {
    request.matches = [&](const std::string& json) { return query.filter.Matches(json); };
  }
  auto list = queries.List(request);
  if (!list) return Fail(FromNodeError(list.error()));
  const std::string version = FormatCoverage(list->coverage);
  for (ObjectText& text : list->items) {
    WatchEvent event;
    event.object = ToView(std::move(text));
    event.resource_version = version;
    subscription->AddInitial(std::move(event));
  }
  subscription->StartAt(list->coverage);
  return subscription;
}

Answer<std::unique_ptr<Subscription>> WatchPendingActions(Node& node, Queries& queries,
                                                          const ActionQuery& query,
                                                          std::function<void()> wake) {
  auto start = StartOf(query.resource_version, node.partition_count());
  if (!start) return Fail(start.error());
  std::optional<std::string> location;
  if (!query.location.empty()) location = query.location;
  if (!query.provider.empty()) location = query.provider;
  auto subscription = std::make_unique<ActionSubscription>(node.feed(), std::move(wake), location);
  if (*start) {
    if (auto kept = CheckKept(node.feed(), **start); !kept) return Fail(kept.error());
    subscription->StartAt(std::move(**start));
    return subscription;
  }
  auto list = queries.Actions({.location = location, .limit = 0, .continue_token = ""});
  if (!list) return Fail(FromNodeError(list.error()));
  const std::string version = FormatCoverage(list->coverage);
  for (std::string& json : list->items) {
    WatchEvent event;
    event.object.json = std::move(json);
    event.resource_version = version;
    subscription->AddInitial(std::move(event));
  }
  subscription->StartAt(list->coverage);
  return subscription;
}

std::unique_ptr<Registration> WhenCovered(ChangeFeed& feed, const ResourceVersion& wanted,
                                          std::function<void(Answer<void>)> done) {
  if (Covers(feed.Published(), wanted)) {
    done({});
    return nullptr;
  }
  auto registration = std::make_unique<CoverageRegistration>(feed, wanted, std::move(done));
  registration->Listen();
  return registration;
}

}  // namespace sluice::service
