#pragma once

#include <memory>
#include <string>

#include "providers/local/event_loop.h"
#include "providers/local/node_client.h"

namespace sluice::local {

// The NodeClient that talks HTTP. Commands and reads take turns on one thread of its own, every
// watch has another; answers are posted to the loop.
class HttpNodeClient : public NodeClient {
 public:
  // The loop must outlive it.
  HttpNodeClient(const std::string& server_url, EventLoop& loop);

  // Waits for what is under way, at most as long as a call may take.
  ~HttpNodeClient() override;

  void Send(std::string command, Answered answered) override;
  void Get(const std::string& kind, const std::string& name_space, const std::string& name,
           const std::string& at_least, Got got) override;
  std::unique_ptr<NodeWatch> WatchLocations(Watcher watcher, std::function<void()> ended) override;
  std::unique_ptr<NodeWatch> WatchActions(const std::string& location, Watcher watcher,
                                          std::function<void()> ended) override;

 private:
  class Calls;
  std::unique_ptr<NodeWatch> Watch(std::string target, Watcher watcher,
                                   std::function<void()> ended);

  const std::string server_url_;
  EventLoop& loop_;
  std::unique_ptr<Calls> calls_;
};

}  // namespace sluice::local
