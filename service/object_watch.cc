#include "service/feed_cursor.h"
#include "service/node_answers.h"
#include "service/node_watch.h"

namespace sluice::service {
namespace {

// First what is there, then what changes. Events of the first part carry the object's own position,
// from which a watch begins anew; only the last of them covers every partition.
class ObjectSubscription final : public Subscription {
 public:
  ObjectSubscription(ChangeFeed& feed, const sluice::KindInfo& kind, const WatchQuery& query,
                     std::optional<ObjectScan> scan, Coverage next, std::function<void()> wake)
      : kind_(kind),
        namespace_(query.namespace_),
        with_before_(!query.filter.empty()),
        scan_(std::move(scan)),
        cursor_(feed, std::move(next)),
        listener_(feed.Listen(std::move(wake))) {}

  Answer<std::vector<WatchEvent>> Poll(size_t max) override {
    std::vector<WatchEvent> events;
    while (scan_ && events.size() < max) {
      if (auto more = AddPresent(&events); !more) return Fail(more.error());
    }
    if (!events.empty() || max == 0) return events;
    std::optional<ApiError> fault;
    auto read = cursor_.Read(
        [&](uint32_t partition, const Change& change, const Coverage&, const Coverage& after) {
          if (!IsWatched(change)) return true;
          auto event = ToEvent(partition, change, after);
          if (!event) {
            fault = event.error();
            return false;
          }
          events.push_back(std::move(*event));
          return events.size() < max;
        });
    if (fault) return Fail(std::move(*fault));
    if (!read) return Fail(read.error());
    return events;
  }

  std::string Position() const override { return scan_ ? "0" : FormatCoverage(cursor_.next()); }

 private:
  // One more of what is there; the end of the scan is known one ahead.
  Answer<void> AddPresent(std::vector<WatchEvent>* events) {
    auto object = scan_->Next();
    if (!object) return Fail(FromReadError(object.error()));
    if (ahead_) {
      WatchEvent event;
      event.type = WatchEvent::Type::kAdded;
      event.resource_version = *object ? ahead_->resource_version : FormatCoverage(cursor_.next());
      event.object = ToView(std::move(*ahead_));
      events->push_back(std::move(event));
    }
    ahead_ = std::move(*object);
    if (!ahead_) scan_.reset();
    return {};
  }

  bool IsWatched(const Change& change) const {
    if (change.kind != &kind_ || change.what == Change::What::kNone) return false;
    if (!namespace_) return true;
    const std::string_view rest = std::string_view(change.entity).substr(kind_.name.size() + 1);
    return rest.substr(0, rest.find('/')) == *namespace_;
  }

  Answer<WatchEvent> ToEvent(uint32_t partition, const Change& change,
                             const Coverage& after) const {
    WatchEvent event;
    switch (change.what) {
      case Change::What::kAdded:
        event.type = WatchEvent::Type::kAdded;
        break;
      case Change::What::kDeleted:
        event.type = WatchEvent::Type::kDeleted;
        break;
      case Change::What::kModified:
      case Change::What::kNone:
        event.type = WatchEvent::Type::kModified;
        break;
    }
    auto state = UnpackRoot(kind_, *change.after);
    if (!state) return Fail(FromReadError(state.error()));
    (*state)->version = change.version;
    event.object = ToView(
        MakeObjectText(kind_, change.entity, **state, FormatPosition(partition, change.sequence)));
    event.resource_version = FormatCoverage(after);
    if (with_before_ && change.before) {
      auto before = UnpackRoot(kind_, *change.before);
      if (!before) return Fail(FromReadError(before.error()));
      event.before = ObjectJson(kind_, **before, "");
    }
    return event;
  }

  const sluice::KindInfo& kind_;
  const std::optional<std::string> namespace_;
  const bool with_before_;
  std::optional<ObjectScan> scan_;
  std::optional<ObjectText> ahead_;
  FeedCursor cursor_;
  std::unique_ptr<ChangeFeed::Listener> listener_;
};

}  // namespace

Answer<std::unique_ptr<Subscription>> WatchObjects(const Queries& queries, ChangeFeed& feed,
                                                   const sluice::KindInfo& kind,
                                                   const WatchQuery& query,
                                                   std::function<void()> wake) {
  auto start = WatchStart(feed, query.resource_version);
  if (!start) return Fail(start.error());
  std::optional<ObjectScan> scan;
  if (!*start) {
    auto now = queries.Scan(kind, query.namespace_);
    if (!now) return Fail(FromReadError(now.error()));
    *start = now->coverage();
    scan.emplace(std::move(*now));
  }
  return std::make_unique<ObjectSubscription>(feed, kind, query, std::move(scan),
                                              std::move(**start), std::move(wake));
}

}  // namespace sluice::service
