// NodeBackend: the Backend of a node in this process. Reads go to the projections, commands to the
// engine. Thread-safe; the node outlives it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/node.h"
#include "projections/queries.h"
#include "replay/store_archive.h"
#include "service/backend.h"
#include "service/debuggable.h"
#include "service/node_snapshots.h"

namespace sluice::service {

enum class ReadWhen : uint8_t {
  kCaughtUp,  // once the node, which is started or about to be, has read its log
  kAsItIs,    // of a node that is not started: what its projections hold
};

class NodeBackend final : public Backend, public Debuggable {
 public:
  // `data_dir` is where the local provider keeps its processes' output.
  NodeBackend(Node& node, std::filesystem::path data_dir, ReadWhen when = ReadWhen::kCaughtUp);
  ~NodeBackend() override;

  const std::vector<KindInfo>& Kinds() const override { return kinds_; }
  std::optional<Elsewhere> WhereIs(const EntityKey* entity) override;
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
  Answer<std::string> Nodes() override;
  bool Debugs(const std::string& verb) const override;
  void Debug(const DebugQuery& query, const std::function<bool(std::string line)>& emit,
             std::stop_token stop) override;
  Answer<std::string> ResolveAt(const ResolveQuery& query, const ReadAt& at) override;
  SnapshotKeeper* snapshots() override { return &snapshots_; }
  Readiness Ready() override;
  MetricsSnapshot Metrics() override;

 private:
  // What a resourceVersion, a position or a time stands for.
  struct Past {
    Coverage coverage;
    Time time;  // the one asked for, or that of the last decision
  };
  Answer<Past> PastAt(const std::string& exact);
  // The node that a read is sent to of a partition that is kept elsewhere.
  Elsewhere WhoKeeps(uint32_t partition, const EntityKey* entity);
  const ::sluice::KindInfo* FindKind(const std::string& name) const;

  Node& node_;
  NodeSnapshots snapshots_;
  const std::filesystem::path data_dir_;
  const ReadWhen when_;
  std::vector<KindInfo> kinds_;
  std::unique_ptr<Queries> queries_;
  std::unique_ptr<replay::StoreArchive> archive_;
};

}  // namespace sluice::service
