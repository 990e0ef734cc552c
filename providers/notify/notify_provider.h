#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice {

struct NotifyProviderOptions {
  std::string server_url = "http://127.0.0.1:7420";
  // How long one announcement may take, and how many are under way at once.
  Duration timeout = Duration::Seconds(10);
  size_t workers = 4;
  // Between tries to reach a node that is away.
  Duration reconnect = Duration::Millis(500);
  // Called once, when it watches the node.
  std::function<void()> ready{};
};

// Announces phase changes until `stop` is requested: what `sluice up` runs in a thread and `sluice
// provider notify` in its main one. It keeps nothing: what is pending at the node is announced, and
// stays pending until the node has recorded that the target took it. A change may therefore reach
// the target twice, under the same Idempotency-Key; two providers at once do no other harm.
void ServeNotifications(const NotifyProviderOptions& options, std::stop_token stop);

}  // namespace sluice
