#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kColumns = R"("columnDefinitions":[{"name":"Name","priority":0},
  {"name":"Ready","priority":0},{"name":"Network-IP","priority":1}])";

std::string Row(const std::string& name, const std::string& ready) {
  return R"({"cells":[")" + name + R"(",")" + ready + R"(",null],"object":{"metadata":{"name":")" +
         name + R"(","namespace":"prod"}}})";
}

using Get = CliTest;

TEST_F(Get, PrintsTheServersColumns) {
  On("GET " + std::string(kBindings) + "?limit=500",
     "{" + kColumns + R"(,"metadata":{"resourceVersion":"9"},"rows":[)" + Row("web", "True") + "," +
         Row("longer-name", "False") + "]}");
  for (const char* kind : {"binding", "Bindings", "BINDING"}) {
    const Ran ran = Run({"get", kind});
    EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
    EXPECT_EQ(ran.out, "NAME          READY\nweb           True\nlonger-name   False\n");
  }
  EXPECT_EQ(Run({"get", "binding", "-o", "wide"}).out,
            "NAME          READY   NETWORK-IP\nweb           True    <none>\n"
            "longer-name   False   <none>\n");
}

std::string NodesBody(const std::string& first, const std::string& second) {
  const auto partition = [](int number, const std::string& more) {
    return fmt::format(R"({{"partition":{},"reason":"","term":1,"sequence":9,"applied":9{}}})",
                       number, more);
  };
  return fmt::format(R"({{"items":[{{"name":"a","address":"h:1","partitions":[0,1]}}],)"
                     R"("self":{{"name":"a","partitions":[{},{}]}}}})",
                     partition(0, first), partition(1, second));
}

TEST_F(Get, NodesTellWhatWaitsForThem) {
  const std::string three = R"(,"state":"Deciding","waiting":3)";
  On("GET /nodes", {{.body = NodesBody(three, R"(,"state":"Deciding","waiting":4)")},
                    {.body = NodesBody(three, R"(,"state":"Following")")},
                    {.body = NodesBody(three, R"(,"state":"Deciding")")},  // it does not know yet
                    {.body = NodesBody(R"(,"state":"Waiting")", R"(,"state":"Cold")")}});
  const auto table = [](const std::string& row) {
    return "NODE   ADDRESS   ASSIGNED   DECIDES   WAITING   WARM   LAG   POSITIONS\n" + row + "\n";
  };
  EXPECT_EQ(Run({"get", "nodes"}).out,
            table("a      h:1       0,1        0,1       7         -      0     0:8 1:8"));
  EXPECT_EQ(Run({"get", "nodes"}).out,
            table("a      h:1       0,1        0         3         1      0     0:8 1:8"));
  EXPECT_EQ(Run({"get", "nodes"}).out,
            table("a      h:1       0,1        0,1       ?         -      0     0:8 1:8"));
  EXPECT_EQ(Run({"get", "nodes"}).out,
            table("a      h:1       0,1        -         -         -      0     0:8"));
}

TEST_F(Get, AllNamespacesAndSelectors) {
  On("GET /apis/sluice.dev/v1/bindings?labelSelector=a%3Db&fieldSelector=status.phase%3DReady"
     "&resourceVersion=7&resourceVersionMatch=NotOlderThan&limit=500",
     "{" + kColumns + R"(,"metadata":{},"rows":[)" + Row("web", "True") + "]}");
  const Ran ran = Run({"get", "binding", "-A", "-l", "a=b", "--field-selector",
                       "status.phase=Ready", "--at-least", "7"});
  EXPECT_EQ(ran.out, "NAMESPACE   NAME   READY\nprod        web    True\n") << ran.err;
}

TEST_F(Get, ReadsThePastAtAPositionATimeOrSoLongAgo) {
  const std::string path = "GET " + std::string(kBindings) + "/web";
  const std::string body = R"({"kind":"Binding","metadata":{"name":"web"}})";
  On(path + "?resourceVersion=0%3A17&resourceVersionMatch=Exact", body);
  EXPECT_EQ(Run({"get", "binding", "web", "--at", "0:17", "-o", "json"}).exit, Exit::kDone);
  On(path + "?resourceVersion=1970-01-01T00%3A11%3A40Z&resourceVersionMatch=Exact", body);
  for (const std::vector<std::string>& ago :
       {{"--at=-5m"}, std::vector<std::string>{"--at", "-5m"}}) {
    std::vector<std::string> arguments = {"get", "binding", "web", "-o", "json"};
    arguments.insert(arguments.end() - 2, ago.begin(), ago.end());
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  }
  On(path + "?resourceVersion=1969-12-30T22%3A46%3A40Z&resourceVersionMatch=Exact", body);
  EXPECT_EQ(Run({"get", "binding", "web", "-o", "json", "--at", "-1d1h30m"}).exit, Exit::kDone);
  for (const char* no_time : {"-soon", "-d", "-xd", "-1d-2h", "--1d", "-1.5d", "-99999d", "-1dd"}) {
    const Ran ran = Run({"get", "binding", "web", std::string("--at=") + no_time});
    EXPECT_EQ(ran.exit, Exit::kBadInput) << no_time;
  }
  EXPECT_EQ(Run({"get", "binding", "-w", "--at", "0:17"}).exit, Exit::kBadInput);
}

TEST_F(Get, ReadsEveryPageAndBeginsAgainWhenOneIsTooOld) {
  const std::string list = "GET " + std::string(kBindings) + "?limit=500";
  const auto page = [](const std::string& name, const std::string& more) {
    return R"({"kind":"BindingList","items":[{"metadata":{"name":")" + name +
           R"("}}],"metadata":{"continue":")" + more + R"("}})";
  };
  On(list, {{.body = page("a", "old")}, {.body = page("a", "new")}});
  On(list + "&continue=old", {{.status = 410, .body = R"({"reason":"Expired"})"}});
  On(list + "&continue=new", page("b", ""));
  const Ran ran = Run({"get", "binding", "-o", "json"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  const json all = json::parse(ran.out);
  ASSERT_EQ(all["items"].size(), 2u);
  EXPECT_EQ(all["items"][1]["metadata"]["name"], "b");
  EXPECT_FALSE(all["metadata"].contains("continue"));
}

TEST_F(Get, SeveralKindsAreATableEach) {
  const std::string table = "{" + kColumns + R"(,"rows":[)" + Row("web", "True") + "]}";
  On("GET " + std::string(kBindings) + "?limit=500", table);
  On("GET /apis/sluice.dev/v1/namespaces/default/instances?limit=500", table);
  EXPECT_EQ(Run({"get", "binding,instances"}).out,
            "NAME   READY\nweb    True\n\nNAME   READY\nweb    True\n");
  EXPECT_EQ(Run({"get", "binding,instances", "-w"}).exit, Exit::kBadInput);
}

TEST_F(Get, ObjectsOfSeveralKindsAreATableEach) {
  const std::string table = "{" + kColumns + R"(,"rows":[)" + Row("web", "True") + "]}";
  const std::string instances = "/apis/sluice.dev/v1/namespaces/default/instances";
  On("GET " + std::string(kBindings) + "/web", table);
  On("GET " + std::string(kBindings) + "/api", table);
  On("GET " + instances + "/one",
     R"({"columnDefinitions":[{"name":"NAME"},{"name":"HEALTH"}],"rows":[{"cells":["one","ok"]}]})");
  EXPECT_EQ(Run({"get", "binding/web", "instance/one", "binding/api"}).out,
            "NAME   READY\nweb    True\nweb    True\n\nNAME   HEALTH\none    ok\n");
}

TEST_F(Get, ClusterKindsHaveNoNamespaceInTheirPath) {
  On("GET /apis/sluice.dev/v1/clusterconfigs/cluster", R"({"kind":"ClusterConfig"})");
  EXPECT_EQ(Run({"get", "clusterconfig/cluster", "-o", "yaml"}).out, "---\nkind: ClusterConfig\n");
}

TEST_F(Get, WhatIsNotThereIsNamedAndTheRestIsShown) {
  On("GET " + std::string(kBindings) + "/web",
     "{" + kColumns + R"(,"rows":[)" + Row("web", "True") + "]}");
  const Ran ran = Run({"get", "binding", "gone", "web"});
  EXPECT_EQ(ran.exit, Exit::kRejected);
  EXPECT_THAT(ran.err, HasSubstr("get binding/default/gone: NotFound: "));
  EXPECT_EQ(ran.out, "NAME   READY\nweb    True\n");
}

TEST_F(Get, AnEmptyListIsNoError) {
  On("GET " + std::string(kBindings) + "?limit=500", "{" + kColumns + R"(,"rows":[]})");
  const Ran ran = Run({"get", "binding"});
  EXPECT_EQ(ran.exit, Exit::kDone);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "No bindings found in namespace default.\n");
}

TEST_F(Get, UnknownKindsAndBadNamesAreBadInput) {
  const Ran near = Run({"get", "bindng"});
  EXPECT_EQ(near.exit, Exit::kBadInput);
  EXPECT_THAT(near.err, HasSubstr("unknown kind 'bindng': did you mean 'binding'?"));
  EXPECT_THAT(Run({"get", "zzzzzzzz"}).err, HasSubstr("there are binding, instance"));
  EXPECT_THAT(Run({"get", "binding/UPPER"}).err, HasSubstr("name 'UPPER' is no DNS label"));
  EXPECT_THAT(Run({"get", "binding/a/b/c"}).err, HasSubstr("KIND/NAME or KIND/NAMESPACE/NAME"));
  EXPECT_EQ(Run({"get", "binding", "-o", "xml"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"get"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"frobnicate"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"replay"}).exit, Exit::kBadInput);
}

TEST_F(Get, TheServerComesFromTheFlagThenTheVariable) {
  const std::string url = std::exchange(server_, "");
  variables_["SLUICE_SERVER"] = url;
  On("GET " + std::string(kBindings) + "?limit=500", "{" + kColumns + R"(,"rows":[]})");
  EXPECT_EQ(Run({"get", "binding"}).exit, Exit::kDone);
  variables_["SLUICE_SERVER"] = testing::UnusedUrl();
  EXPECT_EQ(Run({"get", "binding"}).exit, Exit::kUnavailable);
  EXPECT_EQ(Run({"get", "binding", "--server", url}).exit, Exit::kDone);
  EXPECT_EQ(Run({"get", "binding", "--server", "https://x"}).exit, Exit::kBadInput);
}

TEST_F(Get, SomethingElseThanSluiceIsUnavailable) {
  On("GET /apis/sluice.dev/v1", "<html>");
  const Ran ran = Run({"get", "binding"});
  EXPECT_EQ(ran.exit, Exit::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("is it Sluice?"));
}

TEST_F(Get, AFailingServerIsUnavailable) {
  On("GET " + std::string(kBindings) + "?limit=500",
     {{.status = 503,
       .body = R"({"reason":"ServiceUnavailable","message":"partition 0 is stopped"})"}});
  const Ran ran = Run({"get", "binding"});
  EXPECT_EQ(ran.exit, Exit::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("list bindings: ServiceUnavailable: partition 0 is stopped"));
}

}  // namespace
}  // namespace sluice::cli
