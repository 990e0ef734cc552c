#include "providers/notify/notify_provider.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "providers/notify/announcer.h"
#include "service/client/http_client.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

// Announcements that are pending, each once: what is told of while it is under way is looked at
// again afterwards. Thread-safe.
class Work {
 public:
  void Add(const std::string& entity) {
    const std::lock_guard lock(mutex_);
    if (under_way_.contains(entity)) {
      again_.insert(entity);
    } else if (waiting_.insert(entity).second) {
      queue_.push_back(entity);
      changed_.notify_one();
    }
  }

  // Empty when it is to stop.
  std::string Take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return !queue_.empty(); })) return {};
    std::string entity = std::move(queue_.front());
    queue_.pop_front();
    waiting_.erase(entity);
    under_way_.insert(entity);
    return entity;
  }

  void Done(const std::string& entity) {
    bool again = false;
    {
      const std::lock_guard lock(mutex_);
      under_way_.erase(entity);
      again = again_.erase(entity) > 0;
    }
    if (again) Add(entity);
  }

  // Waits, unless it is to stop. Used by whoever has nothing better to do.
  void Pause(const std::stop_token& stop, Duration duration) {
    std::unique_lock lock(mutex_);
    pause_.wait_for(lock, stop, std::chrono::microseconds(duration.us), [] { return false; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::condition_variable_any pause_;
  std::deque<std::string> queue_;  // all guarded by mutex_
  std::set<std::string> waiting_;  // in queue_
  std::set<std::string> under_way_;
  std::set<std::string> again_;
};

void Announce(const NotifyProviderOptions& options, Work& work, const std::stop_token& stop) {
  HttpClient node(options.server_url);
  notify::Announcer announcer(node, options.timeout, stop);
  while (true) {
    const std::string entity = work.Take(stop);
    if (entity.empty()) return;
    // The node could not be told: it is pending there still.
    while (!announcer.Announce(entity) && !stop.stop_requested()) {
      work.Pause(stop, options.reconnect);
    }
    work.Done(entity);
  }
}

// `announcement/NS/NAME` of an action that is pending; empty for other lines.
std::string PendingEntity(std::string_view line) {
  const Json event = Json::parse(line, nullptr, false);
  if (!event.is_object()) return {};
  const std::string type = event.value("type", "");
  if (type != "ADDED" && type != "MODIFIED") return {};
  return event.value("object", Json::object()).value("entity", "");
}

}  // namespace

void ServeNotifications(const NotifyProviderOptions& options, std::stop_token stop) {
  Work work;
  std::vector<std::jthread> workers;
  for (size_t i = 0; i < options.workers; ++i) {
    workers.emplace_back([&](const std::stop_token& own) { Announce(options, work, own); });
  }
  HttpClient node(options.server_url);
  bool told = false;
  while (!stop.stop_requested()) {
    HttpRequest watch;
    watch.target = "/actions?provider=notify&watch=true&allowWatchBookmarks=true";
    // Begins with what is pending now; however it ends, another one begins.
    (void)node.Stream(
        watch,
        [&](std::string_view line) {
          if (const std::string entity = PendingEntity(line); !entity.empty()) work.Add(entity);
          if (!told && options.ready) options.ready();
          told = true;
          return !stop.stop_requested();
        },
        stop);
    if (!stop.stop_requested()) work.Pause(stop, options.reconnect);
  }
  for (std::jthread& worker : workers) worker.request_stop();
}

}  // namespace sluice
