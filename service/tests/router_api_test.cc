#include "service/router_api.h"

#include <thread>

#include "service/tests/router_fixture.h"

namespace sluice::service {
namespace {

constexpr char kWatch[] = "/apis/sluice.dev/v1/bindings?watch=true";

class InProcess : public RouterFixture {
 protected:
  RouterApi api_{router_, "data directory x"};
};

TEST_F(InProcess, CallsAreAnswered) {
  backend_.Put(web_, "");
  const auto response =
      api_.Call({.target = "/apis/sluice.dev/v1/namespaces/default/bindings",
                 .headers = {{"ACCEPT", "application/json;as=Table;g=meta.k8s.io;v=v1"}}});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(Json::parse(response->body)["kind"], "Table");
  EXPECT_EQ(api_.Call({.target = "/nothing"})->status, 404);
  EXPECT_EQ(api_.Call({.target = "/logs/default/web"})->body, "one\ntwo\n");
}

TEST_F(InProcess, NoAnswerInTimeIsUnavailable) {
  backend_.keep_answers = true;
  const auto response = api_.Call(
      {.method = "POST", .target = "/commands", .body = "{}", .timeout = Duration::Millis(1)});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
}

TEST_F(InProcess, StreamsGoOnUntilTheCallerHasEnough) {
  backend_.Put(web_, "");
  int lines = 0;
  std::thread changes;
  const auto outcome = api_.Stream({.target = kWatch}, [&](std::string_view line) {
    EXPECT_EQ(Json::parse(line)["type"], lines == 0 ? "ADDED" : "MODIFIED");
    if (lines == 0) changes = std::thread([this] { backend_.Put(web_, ""); });
    return ++lines < 2;
  });
  changes.join();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, StreamEnd::kCaller);
  EXPECT_EQ(lines, 2);
}

TEST_F(InProcess, StreamsEndWhenStoppedElapsedOrRefused) {
  const auto ignore = [](std::string_view) { return true; };
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(api_.Stream({.target = kWatch}, ignore, stop.get_token())->end, StreamEnd::kCaller);
  stopper.join();
  EXPECT_EQ(api_.Stream({.target = kWatch, .stream_for = Duration::Millis(1)}, ignore)->end,
            StreamEnd::kElapsed);
  EXPECT_EQ(api_.Stream({.target = "/nothing"}, ignore)->end, StreamEnd::kRefused);
  EXPECT_EQ(api_.Stream({.target = "/logs/default/web"}, ignore)->end, StreamEnd::kServer);
}

}  // namespace
}  // namespace sluice::service
