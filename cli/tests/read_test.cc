// The verbs that read, but for get.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST_F(Version, AMistakeNamesTheWholeVerbWhoseHelpToAsk) {
  const auto said = [&](const std::vector<std::string>& words) { return Run(words).err; };
  EXPECT_THAT(said({"snapshot", "prune", "--keep", "abc"}),
              HasSubstr("'sluice snapshot prune --help' shows what it takes"));
  EXPECT_THAT(said({"get", "--nope"}), HasSubstr("'sluice get --help' shows"));
  EXPECT_THAT(said({"--nope"}), HasSubstr("'sluice --help' shows"));
}

}  // namespace
}  // namespace sluice::cli
