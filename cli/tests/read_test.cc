#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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
  EXPECT_EQ(Run({"get", "binding", "web", "--at=-soon"}).exit, Exit::kBadInput);
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

using History = CliTest;

const std::string kHistory = R"({"items":[
  {"position":"0:1","time":"2026-11-21T10:00:00Z","actor":"ann","command":{"type":"Apply"},
   "verdict":"Accepted","events":[{"type":"BindingCreated"},{"type":"CandidateChosen"}],
   "effects":{"followUps":[{"command":"Create"}]}},
  {"position":"0:4","time":"2026-11-21T10:00:01Z","command":"Delete","verdict":"Rejected",
   "rejection":{"code":"Deleting","message":"it goes\nalready"}}],"metadata":{"continue":""}})";

TEST_F(History, IsATableOfDecisions) {
  const std::string lines =
      R"({"item":{"position":"0:1","time":"2026-11-21T10:00:00Z","actor":"ann",
      "command":{"type":"Apply"},"verdict":"Accepted","transition":"Absent -> Creating",
      "events":[{"type":"BindingCreated"},{"type":"CandidateChosen"}],
      "changes":[{"path":"spec.port","before":null,"after":80},
                 {"path":"status.phase","before":null,"after":"Creating"}],
      "effects":{"followUps":[{"command":"Create"}]}}})";
  std::string body = lines;
  std::erase(body, '\n');
  body += R"(
{"item":{"position":"0:4","time":"2026-11-21T10:00:01Z","command":"Delete","verdict":"Rejected","rejection":{"code":"Deleting","message":"it goes\nalready"},"changes":[]}}
{"result":{"shown":2}}
)";
  On("GET /debug/history?entity=binding%2Fdefault%2Fweb", body);
  On("GET /debug/history?entity=binding%2Fdefault%2Fweb&command=Delete&verdict=rejected&last=3",
     R"({"result":{"shown":0}})");
  const Ran ran = Run({"history", "binding/web"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("POSITION   TIME                   ACTOR    COMMAND   VERDICT    "
                                 "TRANSITION           EVENTS "));
  EXPECT_THAT(ran.out, HasSubstr("0:1        2026-11-21T10:00:00Z   ann      Apply     Accepted   "
                                 "Absent -> Creating   BindingCreated, CandidateChosen   "
                                 "spec.port=80\n"));
  EXPECT_THAT(ran.out, HasSubstr("Delete    Rejected   <none>               "
                                 "Deleting: it goes already"));
  EXPECT_THAT(Run({"history", "binding/web", "-o", "wide"}).out, HasSubstr("followUps: Create"));
  EXPECT_EQ(json::parse(Run({"history", "binding", "web", "-o", "json"}).out)["items"].size(), 2u);
  const Ran none = Run(
      {"history", "binding/web", "--command", "Delete", "--verdict", "rejected", "--last", "3"});
  EXPECT_THAT(none.err, HasSubstr("binding/default/web has no such decisions")) << none.out;
  EXPECT_EQ(Run({"history", "binding/web", "-f", "--limit", "1"}).exit, Exit::kBadInput);
}

using Describe = CliTest;

TEST_F(Describe, ShowsTheObjectItsActionsAndItsLastDecisions) {
  On("GET /apis/sluice.dev/v1/namespaces/default/instances/hello",
     R"({"apiVersion":"sluice.dev/v1","kind":"Instance","metadata":{"name":"hello",
     "namespace":"default","labels":{"tier":"app"}},"spec":{"location":{"name":"here"}},
     "status":{"phase":"Programming","pid":4711,"conditions":[{"type":"Ready","status":"False",
     "reason":"PendingProgramming","message":"Instance has not been programmed"}]}})");
  On("GET /actions?location=default%2Fhere&limit=500",
     R"({"items":[{"entity":"instance/default/other","verb":"X"},
     {"entity":"instance/default/hello","verb":"ProgramInstance","attempt":2}]})");
  On("GET /history/instance/default/hello?limit=500", kHistory);
  On("GET /apis/sluice.dev/v1/namespaces/default/locations/here",
     R"({"status":{"lease":{"holder":"local-1"}}})");
  const Ran ran = Run({"describe", "instance/hello"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("Phase:        Programming\n"));
  EXPECT_THAT(ran.out, HasSubstr("Labels:\n  tier: app\n"));
  EXPECT_THAT(ran.out, HasSubstr("Spec:\n  location:\n    name: here\n"));
  EXPECT_THAT(ran.out, HasSubstr("PendingProgramming"));
  EXPECT_THAT(ran.out, HasSubstr("Pending actions:\nVERB"));
  EXPECT_THAT(ran.out, HasSubstr("ProgramInstance   <none>   <none>       2\n"));
  EXPECT_THAT(ran.out, HasSubstr("Carried out by local-1, which serves location/default/here\n"));
  EXPECT_THAT(ran.out, HasSubstr("Last decisions:\nPOSITION"));
  EXPECT_THAT(ran.out, Not(HasSubstr("X  ")));

  const std::string location = "GET /apis/sluice.dev/v1/namespaces/default/locations/here";
  On(location, R"({"spec":{"provider":"local"},"status":{}})");
  EXPECT_THAT(Run({"describe", "instance/hello"}).out,
              HasSubstr("by nobody: no provider local serves location/default/here now\n"));
  On(location, R"({"spec":{}})");
  EXPECT_THAT(Run({"describe", "instance/hello"}).out,
              HasSubstr("by nobody: location/default/here names no provider in spec.provider\n"));
}

using Resolve = CliTest;

TEST_F(Resolve, ByNameByKeyAndWithATarget) {
  const std::string answer =
      R"({"binding":{"namespace":"default","name":"web"},"instance":{"name":"web-1"},
      "addresses":["127.64.0.3"],"ready":true,"reason":"Ready"})";
  On("GET /resolve/default/web", answer);
  On("GET /resolve?namespace=default&key=team-a%2Fweb", answer);
  On("POST /resolve/default/web",
     R"({"instance":null,"addresses":[],"ready":false,"reason":"TargetMismatch"})");
  const std::string table =
      "BINDING   INSTANCE   ADDRESS      READY   REASON   MESSAGE\n"
      "web       web-1      127.64.0.3   true    Ready    <none>\n";
  EXPECT_EQ(Run({"resolve", "web"}).out, table);
  EXPECT_EQ(Run({"resolve", "binding/web"}).out, table);
  EXPECT_EQ(Run({"resolve", "--key", "team-a/web"}).out, table);
  const Ran other = Run({"resolve", "web", "--expect", R"({"presetId":"x"})"});
  EXPECT_EQ(other.exit, Exit::kRejected);
  EXPECT_THAT(other.out, HasSubstr("TargetMismatch"));
  EXPECT_EQ(BodyOf("POST /resolve/default/web"), R"({"presetId":"x"})");
  EXPECT_EQ(Run({"resolve", "web", "--expect", "[1]"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"resolve"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"resolve", "gone"}).exit, Exit::kRejected);
}

using Logs = CliTest;

TEST_F(Logs, ArePrintedAsTheyCome) {
  On("GET /logs/default/hello?tail=2&follow=true", {{.chunks = {"one\ntw", "o\n"}}});
  const Ran ran = Run({"logs", "hello", "-f", "--tail", "2"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(ran.out, "one\ntwo\n");
  const Ran gone = Run({"logs", "instance/gone"});
  EXPECT_EQ(gone.exit, Exit::kRejected);
  EXPECT_THAT(gone.err, HasSubstr("read the output of instance/default/gone: NotFound"));
  EXPECT_EQ(Run({"logs", "binding/web"}).exit, Exit::kBadInput);
}

TEST_F(Logs, OfAProviderApartAreReadFromItsData) {
  const std::filesystem::path data =
      std::filesystem::temp_directory_path() / ("sluice-logs-" + std::to_string(getpid()));
  std::filesystem::create_directories(data / "local/default/hello");
  std::ofstream(data / "local/default/hello/output.log") << "one\ntwo\n";
  EXPECT_EQ(Run({"logs", "hello", "--data", data.string()}).out, "one\ntwo\n");
  EXPECT_EQ(Run({"logs", "hello", "--data", data.string(), "--tail", "1"}).out, "two\n");
  EXPECT_EQ(Run({"logs", "hello", "--data", data.string(), "--tail", "x"}).exit, Exit::kBadInput);
  const Ran gone = Run({"logs", "gone", "--data", data.string()});
  EXPECT_EQ(gone.exit, Exit::kRejected);
  EXPECT_THAT(gone.err, HasSubstr("no process of instance default/gone was started under"));
  std::filesystem::remove_all(data);
}

using SetAside = CliTest;

TEST_F(SetAside, QuarantineIsListedAndReleased) {
  On("GET /quarantine?limit=500",
     R"({"items":[{"entity":"binding/default/web","since":"t","parked":3,"reason":"bug"}]})");
  On("POST /quarantine/binding/default/web/release?skip=true", R"({"accepted":true})");
  EXPECT_EQ(Run({"quarantine", "list"}).out,
            "ENTITY                SINCE   PARKED   REASON\nbinding/default/web   t       3        "
            "bug\n");
  EXPECT_EQ(Run({"quarantine", "release", "binding/web", "--skip"}).out,
            "binding/default/web released\n");
  EXPECT_EQ(Run({"quarantine"}).exit, Exit::kBadInput);
}

TEST_F(SetAside, DeadLettersAreListedAndRetried) {
  On("GET /dead-letters?limit=500", R"({"items":[{"id":"0-7","reason":"no command","size":12}]})");
  On("POST /dead-letters/0-7/retry",
     R"({"accepted":false,"rejection":{"code":"NotFound","message":"m"}})");
  EXPECT_THAT(Run({"dead-letters", "list"}).out,
              HasSubstr("0-7   <none>   <none>   12     no command"));
  const Ran ran = Run({"dead-letters", "retry", "--all"});
  EXPECT_EQ(ran.exit, Exit::kRejected);
  EXPECT_EQ(ran.out, "0-7 rejected: NotFound: m\n");
  EXPECT_EQ(Run({"dead-letters", "retry"}).exit, Exit::kBadInput);
}

using Machines = CliTest;

TEST_F(Machines, ArePrintedFromTheirTables) {
  server_ = testing::UnusedUrl();  // It needs no node.
  const Ran text = Run({"machines", "Registries"});
  EXPECT_EQ(text.exit, Exit::kDone) << text.err;
  EXPECT_THAT(text.out, HasSubstr("registry\n  FROM       EVENT               TO\n"));
  EXPECT_THAT(text.out, HasSubstr("\n  Absent     RegistryCreated     Active\n"));
  EXPECT_THAT(Run({"machines", "-o", "dot"}).out,
              HasSubstr("\"registry/Absent\" -> \"registry/Active\" [label=\"RegistryCreated\"];"));
  EXPECT_THAT(Run({"machines", "registry", "-o", "mermaid"}).out,
              HasSubstr("stateDiagram-v2\n  Absent\n"));
  EXPECT_THAT(Run({"machines", "-o", "mermaid"}).out, HasSubstr("%% registry\nstateDiagram-v2\n"));
  EXPECT_EQ(Run({"machines", "nothing"}).exit, Exit::kBadInput);
}

using Version = CliTest;

TEST_F(Version, SaysWhatRunsAndIsNoErrorWhenNothingDoes) {
  On("GET /version", R"({"gitVersion":"0.1.0"})");
  EXPECT_THAT(Run({"version"}).out, HasSubstr("server 0.1.0 at " + server_));
  server_ = testing::UnusedUrl();
  const Ran ran = Run({"version"});
  EXPECT_EQ(ran.exit, Exit::kDone);
  EXPECT_THAT(ran.out, HasSubstr("server: none"));
}

TEST_F(Version, HelpListsNoVerbThatIsNotThere) {
  server_.clear();
  const Ran ran = Run({"--help"});
  EXPECT_EQ(ran.exit, Exit::kDone);
  for (const char* verb :
       {"apply",        "send",     "get",      "describe", "wait",   "delete",
        "resolve",      "history",  "why",      "diff",     "replay", "verify",
        "export",       "import",   "backup",   "restore",  "logs",   "quarantine",
        "dead-letters", "machines", "provider", "version"}) {
    EXPECT_THAT(ran.out, HasSubstr(std::string("\n  ") + verb + " "));
  }
}

}  // namespace
}  // namespace sluice::cli
