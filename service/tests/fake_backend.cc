#include "service/tests/fake_backend.h"

#include <charconv>

namespace sluice::service {
namespace {

uint64_t NumberOf(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool InScope(const ObjectView& object, const std::string& kind,
             const std::optional<std::string>& namespace_) {
  return object.key.kind == kind && (!namespace_ || object.key.namespace_ == *namespace_);
}

}  // namespace

// Reads `changes_` from a version on.
class FakeSubscription : public Subscription {
 public:
  FakeSubscription(FakeBackend& backend, WatchQuery query, std::function<void()> wake)
      : backend_(backend), query_(std::move(query)) {
    const std::lock_guard lock(backend_.mutex_);
    if (query_.resource_version.empty() || query_.resource_version == "0") {
      at_ = backend_.version_;
      for (const auto& [text, object] : backend_.objects_) {
        if (!InScope(object, query_.kind, query_.namespace_)) continue;
        first_.push_back({WatchEvent::Type::kAdded, object, std::to_string(at_), std::nullopt});
      }
    } else {
      at_ = NumberOf(query_.resource_version);
    }
    backend_.wakes_[this] = std::move(wake);
  }
  ~FakeSubscription() override {
    const std::lock_guard lock(backend_.mutex_);
    backend_.wakes_.erase(this);
  }

  Answer<std::vector<WatchEvent>> Poll(size_t max) override {
    std::vector<WatchEvent> events;
    if (!first_.empty()) return std::exchange(first_, {});
    const std::lock_guard lock(backend_.mutex_);
    if (at_ < backend_.forgotten_) return Fail(ApiError::Expired("too old; list again"));
    for (const auto& change : backend_.changes_) {
      if (change.version <= at_ || events.size() == max) continue;
      at_ = change.version;
      if (InScope(change.event.object, query_.kind, query_.namespace_)) {
        events.push_back(change.event);
      }
    }
    return events;
  }

  std::string Position() const override { return std::to_string(at_); }

 private:
  FakeBackend& backend_;
  const WatchQuery query_;
  std::vector<WatchEvent> first_;
  uint64_t at_ = 0;
};

struct FakeBackend::Waiter : Registration {
  explicit Waiter(FakeBackend& the_backend) : backend(the_backend) {}
  ~Waiter() override {
    const std::lock_guard lock(backend.mutex_);
    backend.waiters_.erase(this);
  }
  FakeBackend& backend;
};

FakeBackend::FakeBackend()
    : kinds_{{"binding",
              "bindings",
              "Binding",
              true,
              {{"NAME", "string", false}, {"AGE", "date", false}, {"KEY", "string", true}}},
             {"clusterconfig", "clusterconfigs", "ClusterConfig", false, {{"NAME"}}}} {
  next_answer = CommandAnswer{R"({"accepted":true,"position":"0"})", true, "", "", "0", true};
}

std::string FakeBackend::Put(const EntityKey& key, const std::string& members,
                             const std::string& labels) {
  std::string position;
  {
    const std::lock_guard lock(mutex_);
    const auto old = objects_.find(key.ToString());
    position = std::to_string(++version_);
    ObjectView view{key, {}, position, 1, {key.name, "2026-11-21T10:00:00Z", "k"}};
    if (old != objects_.end()) view.version = old->second.version + 1;
    view.json = R"({"kind":"Binding","metadata":{"name":")" + key.name + R"(","namespace":")" +
                key.namespace_ + R"(","uid":"u-1","labels":{)" + labels +
                R"(},"resourceVersion":")" + position + "\"}" +
                (members.empty() ? "" : "," + members) + "}";
    WatchEvent event{WatchEvent::Type::kAdded, view, position, std::nullopt};
    if (old != objects_.end()) {
      event.type = WatchEvent::Type::kModified;
      event.before = old->second.json;
    }
    objects_[key.ToString()] = view;
    Record(std::move(event));
  }
  WakeAll();
  return position;
}

void FakeBackend::Remove(const EntityKey& key) {
  {
    const std::lock_guard lock(mutex_);
    const auto old = objects_.find(key.ToString());
    WatchEvent event{WatchEvent::Type::kDeleted, old->second, std::to_string(++version_),
                     old->second.json};
    objects_.erase(old);
    Record(std::move(event));
  }
  WakeAll();
}

void FakeBackend::Forget() {
  {
    const std::lock_guard lock(mutex_);
    forgotten_ = ++version_;
    changes_.clear();
  }
  WakeAll();
}

void FakeBackend::Record(WatchEvent event) { changes_.push_back({version_, std::move(event)}); }

void FakeBackend::WakeAll() {
  std::vector<std::function<void(Answer<void>)>> reached;
  {
    const std::lock_guard lock(mutex_);
    // Under the lock, so that a subscription being destroyed waits for its wake.
    for (const auto& [who, wake] : wakes_) wake();
    for (auto at = waiters_.begin(); at != waiters_.end();) {
      if (at->second.first > version_) {
        ++at;
        continue;
      }
      reached.push_back(std::move(at->second.second));
      at = waiters_.erase(at);
    }
  }
  for (const auto& done : reached) done({});
}

Answer<ObjectView> FakeBackend::Get(const EntityKey& key, const ReadAt& at) {
  const std::lock_guard lock(mutex_);
  for (const Change& change : changes_) {
    if (at.exact == std::to_string(change.version)) return change.event.object;
  }
  const auto found = objects_.find(key.ToString());
  if (found == objects_.end()) return Fail(ApiError::NotFound(key.ToString() + " not found"));
  return found->second;
}

Answer<ObjectPage> FakeBackend::List(const ListQuery& query) {
  const std::lock_guard lock(mutex_);
  ObjectPage page;
  page.resource_version = std::to_string(version_);
  for (const auto& [text, object] : objects_) {
    if (!InScope(object, query.kind, query.namespace_) || text <= query.continue_token) continue;
    if (!query.filter.Matches(object.json)) continue;
    if (query.limit != 0 && page.items.size() == query.limit) {
      page.continue_token = page.items.back().key.ToString();
      break;
    }
    page.items.push_back(object);
  }
  return page;
}

Answer<std::unique_ptr<Subscription>> FakeBackend::Watch(const WatchQuery& query,
                                                         std::function<void()> wake) {
  {
    const std::lock_guard lock(mutex_);
    const std::string& from = query.resource_version;
    if (!from.empty() && from != "0" && NumberOf(from) < forgotten_) {
      return Fail(ApiError::Expired("resourceVersion is too old; list again"));
    }
  }
  return std::make_unique<FakeSubscription>(*this, query, std::move(wake));
}

std::unique_ptr<Registration> FakeBackend::WhenReached(const std::string& resource_version,
                                                       std::function<void(Answer<void>)> done) {
  const uint64_t wanted = NumberOf(resource_version);
  if (resource_version.find_first_not_of("0123456789") != std::string::npos) {
    done(Fail(ApiError::BadRequest("resourceVersion: cannot read " + resource_version)));
    return nullptr;
  }
  {
    const std::lock_guard lock(mutex_);
    if (wanted > version_) {
      auto waiter = std::make_unique<Waiter>(*this);
      waiters_[waiter.get()] = {wanted, std::move(done)};
      return waiter;
    }
  }
  done({});
  return nullptr;
}

}  // namespace sluice::service
