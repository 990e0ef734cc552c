#include "service/tests/router_fixture.h"

namespace sluice::service {
namespace {

class Node : public RouterFixture {};

TEST_F(Node, HistoryIsPaged) {
  const Json page = Expect(200, "GET", "/history/binding/default/web?limit=7");
  EXPECT_EQ(page["items"][0]["entity"], "binding/default/web");
  EXPECT_EQ(page["items"][0]["limit"], 7);
  EXPECT_EQ(page["metadata"]["continue"], "next");
  Expect(200, "GET", "/history/bindings/default/web");
  Expect(404, "GET", "/history/unicorn/default/web");
  Expect(404, "GET", "/history/binding/default");
  Expect(400, "GET", "/history/binding/default/Web");
  Expect(405, "POST", "/history/binding/default/web");
}

TEST_F(Node, ActionsAreListedByLocation) {
  const Json page = Expect(200, "GET", "/actions?location=here");
  EXPECT_EQ(page["items"][0]["location"], "here");
  EXPECT_EQ(page["metadata"]["resourceVersion"], "7");
}

TEST_F(Node, ResolveByNameKeyAndExpectation) {
  EXPECT_EQ(Expect(200, "GET", "/resolve/default/web")["name"], "web");
  EXPECT_EQ(Expect(200, "GET", "/resolve?key=team-a%2Fweb")["key"], "team-a/web");
  EXPECT_EQ(Expect(200, "GET", "/resolve?key=k&namespace=x")["namespace"], "x");
  EXPECT_EQ(Expect(200, "POST", "/resolve/default/web", R"({"spec":{}})")["expect"],
            Json::parse(R"({"spec":{}})"));
  Expect(400, "POST", "/resolve/default/web", "");
  Expect(400, "POST", "/resolve/default/web", "[]");
  Expect(400, "GET", "/resolve");
  Expect(404, "GET", "/resolve/default/absent");
  Expect(404, "GET", "/resolve/default");
}

CommandAnswer ReplaceAnswer(const std::string& ready) {
  CommandAnswer answer;
  answer.accepted = true;
  answer.json =
      R"({"id":"c","accepted":true,"reply":{"source":{"namespace":"default","name":"web-01"},)"
      R"("replacement":{"namespace":"default","name":"web-02","ready":)" +
      ready + R"(},"replayed":false}})";
  return answer;
}

TEST_F(Node, ReplaceIsAnsweredWhenTheBindingHasAnswered) {
  backend_.next_answer = ReplaceAnswer("false");
  const Json pending = Expect(202, "POST", "/replace/default/web-01", R"({"targetRevision":"v2"})");
  EXPECT_EQ(pending["replacement"]["name"], "web-02");
  EXPECT_EQ(Json::parse(backend_.submitted().back()),
            Json::parse(R"({"entity":"instance/default/web-01","command":"Replace",)"
                        R"("payload":{"targetRevision":"v2"}})"));
  backend_.next_answer = ReplaceAnswer("true");
  Expect(200, "POST", "/replace/default/web-01", "{}");
  // Decided, but the answer is another's to give.
  CommandAnswer deferred;
  deferred.accepted = true;
  deferred.final = false;
  backend_.keep_answers = true;
  Send("POST", "/replace/default/web-01", "{}");
  backend_.AnswerKept(deferred);
  EXPECT_FALSE(reply_.has_value());
}

TEST_F(Node, ReplaceRefusals) {
  const auto refuse = [&](const std::string& code) {
    CommandAnswer answer;
    answer.rejection_code = code;
    answer.rejection_message = "why";
    backend_.next_answer = answer;
  };
  refuse("InvalidArgument");
  Expect(400, "POST", "/replace/default/web-01", "{}");
  refuse("NotFound");
  Expect(404, "POST", "/replace/default/web-01", "{}");
  for (const char* code : {"IdempotencyConflict", "FailedPrecondition", "Deleting"}) {
    refuse(code);
    EXPECT_EQ(Expect(409, "POST", "/replace/default/web-01", "{}")["reason"], code);
  }
  Expect(400, "POST", "/replace/default/web-01", "[]");
  Expect(400, "POST", "/replace/default/web-01", "");
  Expect(400, "POST", "/replace/default/Web", "{}");
  Expect(405, "GET", "/replace/default/web-01");
  Expect(404, "POST", "/replace/default");
}

TEST_F(Node, LogsAreText) {
  Send("GET", "/logs/default/web?tail=10");
  ASSERT_TRUE(reply_->stream);
  EXPECT_EQ(reply_->response.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(reply_->stream->Next().bytes, "one\ntwo\n");
  EXPECT_TRUE(reply_->stream->Next().end);
  Send("GET", "/logs/default/web?follow");
  EXPECT_FALSE(reply_->stream->Next().bytes.empty());
  const Stream::Chunk idle = reply_->stream->Next();
  EXPECT_FALSE(idle.end);
  EXPECT_GT(idle.ask_again.count(), 0);
  Expect(404, "GET", "/logs/default/absent");
  Expect(400, "GET", "/logs/default/web?tail=all");
}

TEST_F(Node, WhatIsSetAsideIsListedAndPutBack) {
  EXPECT_EQ(Expect(200, "GET", "/quarantine")["items"][0]["entity"], "binding/default/bad");
  Expect(200, "POST", "/quarantine/binding/default/bad/release?skip=true");
  Expect(404, "POST", "/quarantine/unicorn/default/bad/release");
  Expect(405, "GET", "/quarantine/binding/default/bad/release");
  EXPECT_EQ(Expect(200, "GET", "/dead-letters")["items"][0]["id"], "0:3");
  Expect(200, "POST", "/dead-letters/0%3A3/retry");
  Expect(404, "POST", "/dead-letters/x");
  EXPECT_EQ(backend_.submitted(),
            (std::vector<std::string>{"release binding/default/bad skip", "retry 0:3"}));
}

TEST_F(Node, HealthAndReadiness) {
  Send("GET", "/readyz");
  EXPECT_EQ(Status(), 200);
  backend_.readiness = {false, "partition 0 is replaying"};
  Send("GET", "/readyz");
  EXPECT_EQ(Status(), 503);
  EXPECT_EQ(reply_->response.body, "partition 0 is replaying\n");
  Send("GET", "/healthz");
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(Expect(200, "GET", "/version")["gitVersion"], "v0");
  EXPECT_TRUE(Expect(200, "GET", "/")["paths"].is_array());
}

TEST_F(Node, MetricsArePrometheusText) {
  Send("GET", "/metrics");
  const std::string& text = reply_->response.body;
  for (const char* line : {"sluice_objects{kind=\"binding\",phase=\"Ready\"} 2",
                           "sluice_decisions_total{verdict=\"accepted\",kind=\"binding\"} 5",
                           "sluice_partition_projection_lag{partition=\"0\"} 1",
                           "sluice_partition_input_lag{partition=\"0\"} 2",
                           "sluice_commit_seconds_bucket{le=\"0.001\"} 4",
                           "sluice_commit_seconds_bucket{le=\"+Inf\"} 5",
                           "sluice_commit_seconds_count 5", "# TYPE sluice_objects gauge"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace sluice::service
