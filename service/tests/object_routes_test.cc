#include "service/tests/router_fixture.h"

namespace sluice::service {
namespace {

constexpr char kBindings[] = "/apis/sluice.dev/v1/namespaces/default/bindings";

class Objects : public RouterFixture {};

TEST_F(Objects, DiscoveryListsTheKinds) {
  EXPECT_EQ(Expect(200, "GET", "/apis")["groups"][0]["name"], "sluice.dev");
  EXPECT_EQ(Expect(200, "GET", "/apis/sluice.dev")["kind"], "APIGroup");
  EXPECT_EQ(Expect(200, "GET", "/api")["kind"], "APIVersions");
  const Json list = Expect(200, "GET", "/apis/sluice.dev/v1");
  EXPECT_EQ(list["kind"], "APIResourceList");
  EXPECT_EQ(list["resources"][0]["name"], "bindings");
  EXPECT_EQ(list["resources"][0]["kind"], "Binding");
  EXPECT_EQ(list["resources"][1]["namespaced"], false);
}

TEST_F(Objects, GetGivesTheObjectAsItIs) {
  backend_.Put(web_, R"("status":{"phase":"Ready"})");
  const Json object = Expect(200, "GET", std::string(kBindings) + "/web");
  EXPECT_EQ(object["metadata"]["resourceVersion"], "1");
  EXPECT_EQ(object["status"]["phase"], "Ready");
  EXPECT_EQ(Expect(404, "GET", std::string(kBindings) + "/absent")["reason"], "NotFound");
}

// After a start projections lack what the log has until it was read; a version waits for that, and
// so does a command.
TEST_F(Objects, NothingIsReadBeforeTheLogWasRead) {
  const std::string version = backend_.Put({"binding", "default", "web"}, R"("spec":{})");
  backend_.elsewhere = Backend::Elsewhere{.address = "", .why = "reads its log", .soon = true};
  const std::string all = kBindings;
  for (const std::string& target :
       {all, all + "/web", all + "?watch=true&resourceVersion=" + version,
        std::string("/history/binding/default/web"), all + "?resourceVersion=" + version,
        all + "/web?resourceVersion=" + version + "&resourceVersionMatch=Exact"}) {
    EXPECT_EQ(Expect(503, "GET", target)["message"], "reads its log");
  }
  Expect(200, "GET", all + "/web?resourceVersion=" + version);
  CommandAnswer answer;
  answer.json = R"({"accepted":true})";
  answer.accepted = true;
  backend_.next_answer = answer;
  Send("DELETE", all + "/web");
  EXPECT_EQ(backend_.submitted().size(), 1u);
  // What is kept elsewhere for good is not here soon.
  backend_.elsewhere = Backend::Elsewhere{.address = "127.0.0.1:1", .why = "it is there"};
  Send("GET", all + "/web?resourceVersion=" + version);
  EXPECT_EQ(Status(), 307);
}

TEST_F(Objects, UnknownPathsAndMethodsAreStatuses) {
  Expect(404, "GET", "/apis/sluice.dev/v1/unicorns");
  Expect(404, "GET", "/apis/sluice.dev/v2/bindings");
  Expect(404, "GET", "/apis/sluice.dev/v1/bindings/web");
  Expect(404, "GET", std::string(kBindings) + "/web/status");
  Expect(404, "GET", "/nothing");
  Expect(405, "PATCH", std::string(kBindings) + "/web");
  Expect(405, "DELETE", kBindings);
  Expect(405, "POST", "/apis");
  Expect(400, "GET", "/apis/%zz");
}

TEST_F(Objects, NamesThatAreNoDnsLabelsAreRefused) {
  EXPECT_EQ(Expect(400, "GET", std::string(kBindings) + "/a%2Fb")["reason"], "InvalidArgument");
  Expect(400, "GET", std::string(kBindings) + "/Web");
  Expect(400, "GET", "/apis/sluice.dev/v1/namespaces/-x/bindings");
}

TEST_F(Objects, ClusterWideKindsHaveNoNamespaceInTheirPath) {
  backend_.Put({"clusterconfig", "sluice-system", "cluster"}, "");
  EXPECT_EQ(Expect(200, "GET", "/apis/sluice.dev/v1/clusterconfigs/cluster")["metadata"]["name"],
            "cluster");
}

TEST_F(Objects, ListPagesAndSelects) {
  for (const char* name : {"a", "b", "c"}) {
    backend_.Put({"binding", "default", name}, R"("status":{"phase":"Ready"})",
                 R"("app":")" + std::string(name) + "\"");
  }
  backend_.Put({"binding", "other", "a"}, "");
  const Json first = Expect(200, "GET", std::string(kBindings) + "?limit=2");
  EXPECT_EQ(first["kind"], "BindingList");
  EXPECT_EQ(first["items"].size(), 2U);
  EXPECT_EQ(first["metadata"]["resourceVersion"], "4");
  const std::string token = first["metadata"]["continue"];
  const Json second = Expect(200, "GET", std::string(kBindings) + "?limit=2&continue=" + token);
  EXPECT_EQ(second["items"].size(), 1U);
  EXPECT_FALSE(second["metadata"].contains("continue"));
  EXPECT_EQ(Expect(200, "GET", "/apis/sluice.dev/v1/bindings")["items"].size(), 4U);
  EXPECT_EQ(Expect(200, "GET", std::string(kBindings) + "?labelSelector=app%20in%20(a,c)")["items"]
                .size(),
            2U);
  EXPECT_EQ(
      Expect(200, "GET", "/apis/sluice.dev/v1/bindings?fieldSelector=status.phase%3DReady")["items"]
          .size(),
      3U);
  Expect(400, "GET", std::string(kBindings) + "?labelSelector=a%20of%20b");
  Expect(400, "GET", std::string(kBindings) + "?fieldSelector=phase");
  Expect(400, "GET", std::string(kBindings) + "?limit=many");
  Expect(400, "GET", std::string(kBindings) + "?watch=perhaps");
}

TEST_F(Objects, TableHasColumnsCellsAndMetadata) {
  backend_.Put(web_, "");
  Request request;
  request.method = "GET";
  request.target = kBindings;
  request.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  Send(request);
  Json table = Body();
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][1]["name"], "AGE");
  EXPECT_EQ(table["columnDefinitions"][1]["type"], "string");
  EXPECT_EQ(table["columnDefinitions"][2]["priority"], 1);
  EXPECT_EQ(table["rows"][0]["cells"], (Json{"web", "65s", "k"}));
  EXPECT_EQ(table["rows"][0]["object"]["metadata"]["name"], "web");
  EXPECT_FALSE(table["rows"][0]["object"].contains("spec"));

  request.target = std::string(kBindings) + "/web?includeObject=None";
  Send(request);
  EXPECT_TRUE(Body()["rows"][0]["object"].is_null());
  request.target = std::string(kBindings) + "?watch=1";
  Send(request);
  backend_.Put(web_, "");
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0]["object"]["columnDefinitions"].is_array());
  EXPECT_TRUE(lines[1]["object"]["columnDefinitions"].is_null());
  EXPECT_EQ(lines[1]["object"]["rows"][0]["cells"][0], "web");
}

TEST_F(Objects, ReadWaitsUntilItIsNotOlder) {
  backend_.Put(web_, "");
  const std::string path = std::string(kBindings) + "/web?resourceVersion=";
  Expect(200, "GET", path + "1");
  Send("GET", path + "2");
  EXPECT_FALSE(reply_);
  backend_.Put(web_, "");
  ASSERT_EQ(Status(), 200);
  EXPECT_EQ(Body()["metadata"]["resourceVersion"], "2");
  timers_.FireAll();  // too late to matter

  Send("GET", path + "9");
  timers_.FireAll();
  EXPECT_EQ(Status(), 504);
  EXPECT_EQ(Body()["reason"], "Timeout");
  Expect(400, "GET", path + "nonsense");
}

TEST_F(Objects, ExactReadsThatPast) {
  backend_.Put(web_, R"("status":{"phase":"Pending"})");
  backend_.Put(web_, R"("status":{"phase":"Ready"})");
  const std::string path = std::string(kBindings) + "/web?resourceVersionMatch=";
  EXPECT_EQ(Expect(200, "GET", path + "Exact&resourceVersion=1")["status"]["phase"], "Pending");
  Expect(400, "GET", path + "Exact");
  Expect(400, "GET", path + "Sometimes&resourceVersion=1");
}

TEST_F(Objects, InProcessNothingWaits) {
  Request request;
  request.method = "GET";
  request.target = std::string(kBindings) + "/web?resourceVersion=5";
  EXPECT_EQ(router_.HandleNow(request).response.status, 504);
  request.target = "/healthz";
  EXPECT_EQ(router_.HandleNow(request).response.status, 200);
}

TEST_F(Objects, OnlyLoopbackCallersThatAreNoWebPages) {
  Request request;
  request.method = "GET";
  request.target = "/healthz";
  request.host = "evil.example:7420";
  Send(request);
  EXPECT_EQ(Status(), 403);
  request.host = "localhost:7420";
  Send(request);
  EXPECT_EQ(Status(), 200);
  request.method = "POST";
  request.target = "/commands";
  request.body = "{}";
  request.origin = "http://evil.example";
  Send(request);
  EXPECT_EQ(Status(), 403);
  EXPECT_TRUE(backend_.submitted().empty());
}

}  // namespace
}  // namespace sluice::service
