#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "service/backend.h"

namespace sluice::service {

// A node of one partition in memory: one counter is every resourceVersion, every change is kept for
// watches until `Forget`. Kinds: binding (namespaced) and cluster-wide clusterconfig. Thread-safe;
// members in the last group are set up before use.
class FakeBackend : public Backend {
 public:
  FakeBackend();

  // `members` is JSON after the metadata: `"status":{"phase":"Ready"}`.
  std::string Put(const EntityKey& key, const std::string& members, const std::string& labels = "");
  void Remove(const EntityKey& key);
  // Watches from before now are Expired.
  void Forget();
  // Answers what Submit kept back; the reply of a deferred command.
  void AnswerKept(const CommandAnswer& answer);
  size_t kept() const;
  std::vector<std::string> submitted() const;

  const std::vector<KindInfo>& Kinds() const override { return kinds_; }
  Answer<ObjectView> Get(const EntityKey& key, const ReadAt& at) override;
  Answer<ObjectPage> List(const ListQuery& query) override;
  Answer<std::unique_ptr<Subscription>> Watch(const WatchQuery& query,
                                              std::function<void()> wake) override;
  std::unique_ptr<Registration> WhenReached(const std::string& resource_version,
                                            std::function<void(Answer<void>)> done) override;
  void Submit(std::string command_json, const std::string& connection,
              CommandCallback done) override;
  Answer<JsonPage> History(const EntityKey& key, const PageQuery& page) override;
  Answer<JsonPage> Actions(const ActionQuery& query) override;
  Answer<std::unique_ptr<Subscription>> WatchActions(const ActionQuery& query,
                                                     std::function<void()> wake) override;
  Answer<std::string> Resolve(const ResolveQuery& query) override;
  Answer<std::vector<std::string>> FindByIndex(const std::string& kind, const std::string& index,
                                               const std::string& value) override;
  Answer<JsonPage> Quarantined(const PageQuery& page) override;
  void Release(const EntityKey& key, bool skip, CommandCallback done) override;
  Answer<JsonPage> DeadLetters(const PageQuery& page) override;
  void RetryDeadLetter(const std::string& id, CommandCallback done) override;
  Answer<std::unique_ptr<LogReader>> Logs(const LogQuery& query) override;
  Readiness Ready() override { return readiness; }
  std::optional<Elsewhere> WhereIs(const EntityKey*) override { return elsewhere; }
  MetricsSnapshot Metrics() override;

  // How Submit answers: at once with this, or, when `keep_answers`, only by AnswerKept.
  Answer<CommandAnswer> next_answer;
  std::atomic<bool> keep_answers = false;
  Readiness readiness{true, "ok"};
  std::optional<Elsewhere> elsewhere;
  std::map<std::string, std::vector<std::string>> indexed;  // by "kind index value"
  std::string log_text = "one\ntwo\n";

 private:
  friend class FakeSubscription;
  struct Change {
    uint64_t version = 0;
    WatchEvent event;
  };
  struct Waiter;

  void Record(WatchEvent event);  // with mutex_ held
  void WakeAll();

  const std::vector<KindInfo> kinds_;
  mutable std::mutex mutex_;
  uint64_t version_ = 0;
  uint64_t forgotten_ = 0;
  std::map<std::string, ObjectView> objects_;
  std::deque<Change> changes_;
  std::map<const void*, std::function<void()>> wakes_;
  std::map<const void*, std::pair<uint64_t, std::function<void(Answer<void>)>>> waiters_;
  std::vector<CommandCallback> kept_;
  std::vector<std::string> submitted_;
};

}  // namespace sluice::service
