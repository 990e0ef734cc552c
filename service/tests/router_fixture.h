#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "service/router.h"
#include "service/tests/fake_backend.h"

namespace sluice::service {

// Deadlines that pass when the test says so.
class ManualTimers : public Timers {
 public:
  std::unique_ptr<Registration> After(std::chrono::milliseconds,
                                      std::function<void()> fire) override {
    armed_.push_back(std::move(fire));
    return nullptr;
  }
  void FireAll() {
    for (const auto& fire : std::exchange(armed_, {})) fire();
  }

 private:
  std::vector<std::function<void()>> armed_;
};

// A router over a fake node, without sockets.
class RouterFixture : public testing::Test {
 protected:
  using Json = nlohmann::json;
  static constexpr int64_t kNowUs = 1'795'255'265'000'000;  // 2026-11-21T10:01:05Z

  RouterFixture() : router_(backend_, timers_, Options()) {}

  static RouterOptions Options() {
    RouterOptions options;
    options.now_us = [] { return kNowUs; };
    options.version = "v0";
    return options;
  }

  // Sends; the answer, now or later, comes into `reply_`.
  void Send(Request request) {
    reply_.reset();
    router_.Handle(std::move(request), [this](Reply reply) { reply_ = std::move(reply); });
  }
  void Send(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& content_type = "application/json") {
    Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.content_type = content_type;
    Send(std::move(request));
  }
  Json Body() const { return Json::parse(reply_->response.body); }
  int Status() const { return reply_ ? reply_->response.status : 0; }

  // Sends and gives the body, which must be JSON, of an answer with this status.
  Json Expect(int status, const std::string& method, const std::string& target,
              const std::string& body = "") {
    Send(method, target, body);
    EXPECT_EQ(Status(), status) << method << " " << target << "\n"
                                << (reply_ ? reply_->response.body : "no answer");
    if (!reply_ || reply_->stream) return {};
    Json json = Json::parse(reply_->response.body, nullptr, false);
    if (status >= 400) {
      EXPECT_EQ(json.value("kind", ""), "Status");
      EXPECT_EQ(json.value("status", ""), "Failure");
      EXPECT_EQ(json.value("code", 0), status);
      EXPECT_NE(json.value("message", ""), "");
      EXPECT_NE(json.value("reason", ""), "");
    }
    return json;
  }

  // The lines the stream has now.
  std::vector<Json> Lines() {
    std::vector<Json> lines;
    std::string text;
    while (reply_->stream) {
      Stream::Chunk chunk = reply_->stream->Next();
      text += chunk.bytes;
      ended_ = chunk.end;
      if (chunk.bytes.empty() || chunk.end) break;
    }
    size_t from = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
      lines.push_back(Json::parse(text.substr(from, end - from)));
      from = end + 1;
    }
    EXPECT_EQ(from, text.size());
    return lines;
  }

  const EntityKey web_{"binding", "default", "web"};
  FakeBackend backend_;
  ManualTimers timers_;
  Router router_;
  std::optional<Reply> reply_;
  bool ended_ = false;
};

}  // namespace sluice::service
