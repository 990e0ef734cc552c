// A server on a free port of loopback, in front of a backend that answers what it is told to.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "service/server.h"
#include "service/tests/fake_backend.h"
#include "service/tests/test_client.h"

namespace sluice::service {

inline std::string Post(const std::string& target, const std::string& body,
                        const std::string& more = "") {
  return "POST " + target +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         more + "\r\n" + body;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() { Start({}); }

  void Start(const ServerOptions& options) {
    server_.reset();
    auto started = Server::Start(router_, {"127.0.0.1", 0}, options);
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }
  uint16_t port() const { return server_->port(); }

  static RouterOptions Options() {
    RouterOptions options;
    options.now_us = [] {
      return std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
          .count();
    };
    return options;
  }

  const EntityKey web_{"binding", "default", "web"};
  FakeBackend backend_;
  ThreadTimers timers_;
  Router router_{backend_, timers_, Options()};
  std::unique_ptr<Server> server_;
};

}  // namespace sluice::service
