#include "service/tests/router_fixture.h"

namespace sluice::service {
namespace {

constexpr char kBindings[] = "/apis/sluice.dev/v1/namespaces/default/bindings";
constexpr char kTouch[] = R"({"entity":"instance/default/a","command":"Touch","payload":{}})";

class Commands : public RouterFixture {};

TEST_F(Commands, OneCommandIsAnsweredWithItsResult) {
  EXPECT_EQ(Expect(200, "POST", "/commands", kTouch)["accepted"], true);
  EXPECT_EQ(backend_.submitted(), (std::vector<std::string>{kTouch}));
}

TEST_F(Commands, ARecordedRejectionIsAResultToo) {
  backend_.next_answer = CommandAnswer{R"({"accepted":false,"rejection":{"code":"NotFound"}})",
                                       false,
                                       "NotFound",
                                       "no",
                                       "0:1",
                                       true};
  EXPECT_EQ(Expect(200, "POST", "/commands", kTouch)["rejection"]["code"], "NotFound");
}

TEST_F(Commands, OneThatIsNotTakenSaysWhenToTryAgain) {
  backend_.next_answer = Fail(ApiError::TooManyRequests("too many of its sender wait", 1));
  EXPECT_EQ(Expect(429, "POST", "/commands", kTouch)["reason"], "TooManyRequests");
  EXPECT_EQ(reply_->response.retry_after_s, 1);
  Send("POST", "/commands", std::string(kTouch) + "\n" + kTouch);
  EXPECT_EQ(Status(), 200);
  EXPECT_NE(reply_->response.body.find("\"code\":429"), std::string::npos);
}

TEST_F(Commands, OneCommandMayBeWrittenOverLines) {
  Expect(200, "POST", "/commands", "{\n  \"entity\": \"a\",\n  \"command\": \"b\"\n}\n");
  EXPECT_EQ(backend_.submitted().size(), 1U);
}

TEST_F(Commands, LinesAreAnsweredInOrder) {
  Send("POST", "/commands", std::string(kTouch) + "\n\n" + kTouch + "\r\n" + kTouch);
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(reply_->response.content_type, "application/x-ndjson");
  const std::string& body = reply_->response.body;
  EXPECT_EQ(std::count(body.begin(), body.end(), '\n'), 3);
  EXPECT_EQ(backend_.submitted().size(), 3U);
  Send("POST", "/commands", kTouch, "application/x-ndjson");
  EXPECT_EQ(reply_->response.content_type, "application/x-ndjson");
}

TEST_F(Commands, MalformedBodiesAre400AndSubmitNothing) {
  for (const std::string& bad :
       {std::string(), std::string("\n \n"), std::string("{"), std::string("[]"), std::string("12"),
        std::string("{\"a\":}"), std::string(kTouch) + "\nnonsense", std::string("\xff\xfe"),
        std::string(5000, '[')}) {
    Expect(400, "POST", "/commands", bad);
  }
  EXPECT_NE(Expect(400, "POST", "/commands", std::string(kTouch) + "\n{\"a\" 1}")["message"]
                .get<std::string>()
                .find("line 2"),
            std::string::npos);
  EXPECT_NE(
      Expect(400, "POST", "/commands", "{\"a\" 1}")["message"].get<std::string>().find("column"),
      std::string::npos);
  EXPECT_TRUE(backend_.submitted().empty());
  Expect(405, "GET", "/commands");
  Expect(404, "POST", "/commands/x");
}

TEST_F(Commands, WhatTheNodeCannotDecodeIsItsError) {
  backend_.next_answer = Fail(ApiError::BadRequest("command: there is no Fly"));
  Expect(400, "POST", "/commands", kTouch);
  Send("POST", "/commands", std::string(kTouch) + "\n" + kTouch);
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(Json::parse(reply_->response.body.substr(0, reply_->response.body.find('\n')))["code"],
            400);
}

TEST_F(Commands, OversizeIs413) {
  const std::string big = R"({"entity":"a","x":")" + std::string(300 * 1024, 'x') + "\"}";
  EXPECT_EQ(Expect(413, "POST", "/commands", big)["reason"], "RequestEntityTooLarge");
  Send("POST", "/commands", std::string(kTouch) + "\n" + big);
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(backend_.submitted().size(), 1U);
  EXPECT_NE(reply_->response.body.find("\"code\":413"), std::string::npos);
}

TEST_F(Commands, ADeferredReplyThatIsLateIs202) {
  backend_.keep_answers = true;
  Send("POST", "/commands", kTouch);
  backend_.AnswerKept({R"({"accepted":true})", true, "", "", "0:1", false});
  EXPECT_FALSE(reply_);
  timers_.FireAll();
  EXPECT_EQ(Status(), 202);
  EXPECT_EQ(Body()["accepted"], true);
  backend_.AnswerKept({R"({"reply":1})", true, "", "", "0:1", true});  // nobody waits any more
}

TEST_F(Commands, ADeferredReplyInTimeIs200) {
  backend_.keep_answers = true;
  Send("POST", "/commands", kTouch);
  backend_.AnswerKept({R"({"accepted":true})", true, "", "", "0:1", false});
  backend_.AnswerKept({R"({"reply":1})", true, "", "", "0:1", true});
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(Body()["reply"], 1);
}

TEST_F(Commands, NoDecisionInTimeIs504) {
  backend_.keep_answers = true;
  Send("POST", "/commands?timeoutSeconds=1", kTouch);
  timers_.FireAll();
  EXPECT_EQ(Status(), 504);
  EXPECT_EQ(Body()["reason"], "Timeout");
}

TEST_F(Commands, ApplyThroughPutAndPost) {
  const std::string body =
      R"({"apiVersion":"sluice.dev/v1","kind":"Binding","metadata":{"name":"web","labels":{"a":"b"}},)"
      R"("spec":{"bindingKey":"k"},"status":{"phase":"Ready"}})";
  backend_.keep_answers = true;
  Send("POST", kBindings, body);
  EXPECT_FALSE(reply_);
  const std::string position = backend_.Put(web_, "");
  backend_.AnswerKept({"{}", true, "", "", position, true});
  EXPECT_EQ(Status(), 201);
  EXPECT_EQ(Body()["metadata"]["name"], "web");
  EXPECT_EQ(Json::parse(backend_.submitted()[0]),
            Json::parse(R"({"entity":"binding/default/web","command":"Apply","payload":)"
                        R"({"spec":{"bindingKey":"k"},"labels":{"a":"b"}}})"));
  Send("PUT", std::string(kBindings) + "/web", body);
  backend_.AnswerKept({"{}", true, "", "", position, true});
  EXPECT_EQ(Status(), 200);
}

TEST_F(Commands, PutWithResourceVersionExpectsThatVersion) {
  backend_.Put(web_, "");
  backend_.Put(web_, "");
  const auto put = [&](const std::string& version) {
    Send("PUT", std::string(kBindings) + "/web",
         R"({"metadata":{"resourceVersion":")" + version + R"("},"spec":{}})");
  };
  put("1");
  EXPECT_EQ(Status(), 409);
  EXPECT_TRUE(backend_.submitted().empty());
  put("2");
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(Json::parse(backend_.submitted()[0])["expectedVersion"], 2);
}

TEST_F(Commands, WritesThatContradictTheirPathAreRefused) {
  const std::string path = std::string(kBindings) + "/web";
  for (const char* bad :
       {"", "[]", "{", R"({"metadata":{"namespace":"other"}})", R"({"kind":"Instance"})",
        R"({"apiVersion":"v1"})", R"({"metadata":3})"}) {
    Expect(400, "PUT", path, bad);
  }
  const Json renamed = Expect(409, "PUT", path, R"({"metadata":{"name":"other"}})");
  EXPECT_EQ(renamed["reason"], "Immutable");
  EXPECT_EQ(renamed["message"], "metadata.name: cannot change from \"web\"");
  Expect(400, "POST", kBindings, "{}");
  Expect(400, "POST", "/apis/sluice.dev/v1/bindings", R"({"metadata":{"name":"a"}})");
  Expect(400, "PUT", path + "?dryRun=All", "{}");
  EXPECT_TRUE(backend_.submitted().empty());
}

TEST_F(Commands, RejectionsHaveTheirStatus) {
  const std::vector<std::pair<std::string, int>> rows = {
      {"InvalidArgument", 400},   {"NotFound", 404},  {"AlreadyExists", 409},
      {"VersionConflict", 409},   {"Immutable", 409}, {"IdempotencyConflict", 409},
      {"InvalidTransition", 409}, {"Deleting", 409},  {"FailedPrecondition", 409},
      {"Quarantined", 409},       {"TooLarge", 413}};
  for (const auto& [rejection, status] : rows) {
    backend_.next_answer = CommandAnswer{"{}", false, rejection, "no", "0:1", true};
    const Json body = Expect(status, "PUT", std::string(kBindings) + "/web", "{}");
    EXPECT_EQ(body["reason"], rejection);
  }
}

TEST_F(Commands, DeleteGivesASuccessStatus) {
  Expect(404, "DELETE", std::string(kBindings) + "/web");
  backend_.Put(web_, "");
  const Json status =
      Expect(200, "DELETE", std::string(kBindings) + "/web", R"({"preconditions":{"uid":"u-9"}})");
  EXPECT_EQ(status["status"], "Success");
  EXPECT_EQ(status["details"]["uid"], "u-1");
  EXPECT_EQ(Json::parse(backend_.submitted()[0])["payload"]["expectedUid"], "u-9");
}

}  // namespace
}  // namespace sluice::service
