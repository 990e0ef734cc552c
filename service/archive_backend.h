// ArchiveBackend: objects, lists and resolve from a log alone, now and as of any point of it, where
// no projections are: each object is folded when it is asked for. What a node has beside its log is
// not there, and says so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/clock.h"
#include "replay/archive.h"
#include "service/backend.h"
#include "service/debuggable.h"

namespace sluice::service {

// As threadsafe as the archive.
class ArchiveBackend final : public Backend, public Debuggable {
 public:
  // `elsewhere` says where to turn with what is not here. `on_left_out` hears of an object that a
  // list leaves out, for what there is of the log does not tell how it is. Archive and clock
  // outlive this.
  ArchiveBackend(const replay::Archive& archive, const Clock& clock, std::string build,
                 std::string elsewhere, std::function<void(const std::string&)> on_left_out);

  const std::vector<KindInfo>& Kinds() const override { return kinds_; }
  Answer<ObjectView> Get(const EntityKey& key, const ReadAt& at) override;
  Answer<ObjectPage> List(const ListQuery& query) override;
  Answer<std::string> Resolve(const ResolveQuery& query) override;
  Answer<std::string> ResolveAt(const ResolveQuery& query, const ReadAt& at) override;
  Answer<JsonPage> History(const EntityKey& key, const PageQuery& query) override;
  Answer<JsonPage> Actions(const ActionQuery& query) override;
  bool Debugs(const std::string& verb) const override;
  void Debug(const DebugQuery& query, const std::function<bool(std::string line)>& emit,
             std::stop_token stop) override;
  std::unique_ptr<Registration> WhenReached(const std::string& resource_version,
                                            std::function<void(Answer<void>)> done) override;
  Readiness Ready() override { return {true, "ok"}; }

  Answer<std::unique_ptr<Subscription>> Watch(const WatchQuery&, std::function<void()>) override;
  void Submit(std::string, const std::string&, CommandCallback done) override;
  Answer<std::unique_ptr<Subscription>> WatchActions(const ActionQuery&,
                                                     std::function<void()>) override;
  Answer<std::vector<std::string>> FindByIndex(const std::string&, const std::string&,
                                               const std::string&) override;
  Answer<JsonPage> Quarantined(const PageQuery&) override;
  void Release(const EntityKey&, bool, CommandCallback done) override;
  Answer<JsonPage> DeadLetters(const PageQuery&) override;
  void RetryDeadLetter(const std::string&, CommandCallback done) override;
  Answer<std::unique_ptr<LogReader>> Logs(const LogQuery&) override;
  MetricsSnapshot Metrics() override { return {}; }

 private:
  struct Point {
    Coverage coverage;
    Time time;  // unset: now
  };
  Answer<Point> PointAt(const std::string& exact) const;
  // nullopt: it is not there.
  Answer<std::optional<ObjectView>> Read(const std::string& entity, const Point& point) const;
  // "kind/namespace/name" of those that ever were, by (namespace, name).
  Answer<std::vector<std::string>> EntitiesOf(const std::string& kind,
                                              const std::optional<std::string>& namespace_) const;
  Answer<std::string> ResolveIn(const ResolveQuery& query, const Point& point) const;
  tl::unexpected<ApiError> NotHere() const;

  const replay::Archive& archive_;
  const Clock& clock_;
  const std::string build_;
  const std::string elsewhere_;
  const std::function<void(const std::string&)> on_left_out_;
  const std::vector<KindInfo> kinds_;
};

}  // namespace sluice::service
