#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "providers/local/node_client.h"
#include "providers/local/scheduler.h"

namespace sluice::local {

// A node that holds what a test puts there and records what it is told. It answers when the
// scheduler runs what is due.
class FakeNode : public NodeClient {
 public:
  using Json = nlohmann::json;

  explicit FakeNode(Scheduler& scheduler) : scheduler_(scheduler) {}

  // ---- What the test does ----
  void PutLocation(const std::string& holder = "", uint64_t term = 0) {
    holder_ = holder;
    term_ = term;
    has_location_ = true;
    TellLocation(NodeEvent::Type::kModified);
  }

  void DropLocation() {
    holder_.clear();
    term_ = 0;
    has_location_ = false;
    TellLocation(NodeEvent::Type::kDeleted);
  }

  void PutInstance(const std::string& name, const std::string& uid, uint64_t generation,
                   const Json& process, const std::string& address = "") {
    Json object{
        {"metadata",
         {{"namespace", "default"}, {"name", name}, {"uid", uid}, {"generation", generation}}},
        {"spec", {{"location", {{"name", "here"}}}, {"runtime", {{"process", process}}}}}};
    if (!address.empty()) {
      object["status"]["networkInterfaces"] = {{{"assignments", {{"networkIP", address}}}}};
    }
    objects["instance/default/" + name] = object;
  }

  void PutAction(const std::string& entity, const std::string& verb, const std::string& uid,
                 uint64_t generation) {
    const Json action{{"entity", entity}, {"verb", verb}, {"target", entity},
                      {"uid", uid},       {"attempt", 1}, {"generation", generation}};
    if (verb == "StartInstance" && objects.contains(entity)) {
      objects[entity]["status"]["phase"] = "Starting";
    }
    const bool there = !actions.insert_or_assign(entity + " " + verb, action).second;
    Tell(action_watches_, there ? NodeEvent::Type::kModified : NodeEvent::Type::kAdded, action);
  }

  void DropAction(const std::string& entity, const std::string& verb) {
    const auto found = actions.find(entity + " " + verb);
    const Json action = found->second;
    actions.erase(found);
    Tell(action_watches_, NodeEvent::Type::kDeleted, action);
  }

  // Breaks every watch, and answers nothing until it is set again.
  void SetReachable(bool reachable) {
    reachable_ = reachable;
    if (reachable) return;
    for (auto* watches : {&location_watches_, &action_watches_}) {
      for (auto& [id, watch] : std::exchange(*watches, {}))
        scheduler_.Schedule(Micros(0), watch.second);
    }
  }

  // The latest command of this type to the entity; null when there was none.
  Json Told(const std::string& entity, const std::string& command) const {
    for (auto it = commands.rbegin(); it != commands.rend(); ++it) {
      if (it->at("entity") == entity && it->at("command") == command) return *it;
    }
    return {};
  }
  size_t Count(const std::string& command) const {
    size_t count = 0;
    for (const Json& sent : commands) count += sent.at("command") == command ? 1 : 0;
    return count;
  }

  std::vector<Json> commands;                     // Decided, in order.
  std::vector<std::string> lost_ids;              // Of commands sent while it was out of reach.
  std::map<std::string, Json> objects;            // By entity key.
  std::map<std::string, Json> actions;            // By entity and verb.
  std::map<std::string, std::string> rejections;  // Entity -> code.

  // ---- NodeClient ----
  void Send(std::string text, Answered answered) override {
    const Json command = Json::parse(text);
    if (!reachable_) {
      lost_ids.push_back(command.at("id"));
      return Later([answered] { answered(Err(ErrorCode::kUnavailable, "out of reach")); });
    }
    if (const auto found = objects.find(command.at("entity")); found != objects.end()) {
      const std::string type = command.at("command");
      if (type == "ReportStopped" || type == "ReportFailed") {
        found->second["status"]["phase"] = type.substr(6);
      }
    }
    CommandAnswer answer;
    answer.accepted = true;
    if (ids_.insert(command.at("id")).second) commands.push_back(command);
    if (command.at("command") == "AcquireLease") {
      const std::string wanted = command.at("payload").at("holder");
      answer.accepted = holder_.empty() || holder_ == wanted;
      if (answer.accepted) {
        holder_ = wanted;
        answer.reply = Json{{"term", ++term_}}.dump();
      } else {
        answer.rejection_code = "FailedPrecondition";
      }
    }
    if (const auto found = rejections.find(command.at("entity")); found != rejections.end()) {
      answer = {};
      answer.rejection_code = found->second;
    }
    Later([answered, answer] { answered(answer); });
  }

  void Get(const std::string& kind, const std::string& name_space, const std::string& name,
           const std::string&, Got got) override {
    const auto found = objects.find(kind + "/" + name_space + "/" + name);
    Later([this, got,
           object = found == objects.end() ? std::optional<std::string>()
                                           : std::optional(found->second.dump())] {
      if (!reachable_) return got(Err(ErrorCode::kUnavailable, "out of reach"));
      got(object);
    });
  }

  std::unique_ptr<NodeWatch> WatchLocations(Watcher watcher, std::function<void()> ended) override {
    auto handle = Open(location_watches_, watcher, ended);
    if (reachable_ && has_location_) TellLocation(NodeEvent::Type::kAdded);
    if (reachable_) Tell(location_watches_, NodeEvent::Type::kSynced, Json());
    return handle;
  }

  std::unique_ptr<NodeWatch> WatchActions(const std::string&, Watcher watcher,
                                          std::function<void()> ended) override {
    auto handle = Open(action_watches_, watcher, ended);
    if (!reachable_) return handle;
    for (const auto& [key, action] : actions)
      Tell(action_watches_, NodeEvent::Type::kAdded, action);
    Tell(action_watches_, NodeEvent::Type::kSynced, Json());
    return handle;
  }

 private:
  using Watches = std::map<uint64_t, std::pair<Watcher, std::function<void()>>>;

  class Handle : public NodeWatch {
   public:
    Handle(Watches& watches, uint64_t id) : watches_(watches), id_(id) {}
    ~Handle() override { watches_.erase(id_); }

   private:
    Watches& watches_;
    uint64_t id_;
  };

  std::unique_ptr<NodeWatch> Open(Watches& watches, Watcher watcher, std::function<void()> ended) {
    if (!reachable_) {
      Later(ended);
    } else {
      watches[++last_watch_] = {std::move(watcher), std::move(ended)};
    }
    return std::make_unique<Handle>(watches, last_watch_);
  }

  void Tell(Watches& watches, NodeEvent::Type type, const Json& object) {
    for (const auto& [id, watch] : watches) {
      Later([&watches, id = id, event = NodeEvent{type, object.dump()}] {
        if (const auto found = watches.find(id); found != watches.end()) found->second.first(event);
      });
    }
  }

  void TellLocation(NodeEvent::Type type) {
    Json location{{"metadata", {{"namespace", "default"}, {"name", "here"}}},
                  {"spec", {{"provider", "local"}}}};
    if (!holder_.empty()) location["status"]["lease"] = {{"holder", holder_}, {"term", term_}};
    Tell(location_watches_, type, location);
  }

  void Later(std::function<void()> work) { scheduler_.Schedule(Micros(0), std::move(work)); }

  Scheduler& scheduler_;
  bool reachable_ = true;
  bool has_location_ = false;
  std::string holder_;
  uint64_t term_ = 0;
  uint64_t last_watch_ = 0;
  std::set<std::string> ids_;
  Watches location_watches_;
  Watches action_watches_;
};

}  // namespace sluice::local
