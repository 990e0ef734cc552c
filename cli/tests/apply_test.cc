#include <nlohmann/json.hpp>

#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kCreated =
    R"({"accepted":true,"events":[{"type":"BindingCreated","payload":{}},{"type":"X"}]})";
constexpr const char* kChanged = R"({"accepted":true,"events":[{"type":"BindingSpecChanged"}]})";
constexpr const char* kUnchanged = R"({"accepted":true,"events":[]})";
constexpr const char* kRejected =
    R"({"accepted":false,"rejection":{"code":"Immutable","message":"spec.bindingKey: is immutable"}})";

constexpr const char* kBinding = R"(apiVersion: sluice.dev/v1
kind: Binding
metadata: {name: web, labels: {tier: app}}
spec:
  bindingKey: team-a/web
  desiredRevision: "1"
  disconnected: false
)";

using Apply = CliTest;

TEST_F(Apply, SaysWhatBecameOfEveryObject) {
  On("POST /commands",
     {{.body = kCreated}, {.body = kChanged}, {.body = kUnchanged}, {.body = kRejected}});
  const std::string four =
      std::string(kBinding) + "---\n" + kBinding + "---\n" + kBinding + "---\n" + kBinding;
  const Ran ran = Run({"apply", "-f", "-"}, four);
  EXPECT_EQ(ran.exit, Exit::kRejected);
  EXPECT_EQ(ran.out,
            "binding/default/web created\n"
            "binding/default/web configured\n"
            "binding/default/web unchanged\n"
            "binding/default/web rejected: Immutable: spec.bindingKey: is immutable\n");
}

TEST_F(Apply, SendsTheSpecWithItsTypesLabelsAndAnnotations) {
  On("POST /commands", kCreated);
  EXPECT_EQ(Run({"apply", "-f", File("web.yaml", kBinding), "-n", "prod"}).exit, Exit::kDone);
  EXPECT_EQ(json::parse(BodyOf("POST /commands")), json::parse(R"({
    "id":"id-1","entity":"binding/prod/web","command":"Apply","payload":{
      "spec":{"bindingKey":"team-a/web","desiredRevision":"1","disconnected":false},
      "labels":{"tier":"app"},"annotations":{}}})"));
}

TEST_F(Apply, TakesFoldersListsAndJson) {
  On("POST /commands", kCreated);
  const std::string folder = File("m/b.json", R"({"apiVersion":"sluice.dev/v1","kind":"Network",
    "metadata":{"name":"net","namespace":"other","uid":"u","resourceVersion":"0:1"},"status":{}})");
  File("m/a.yaml", kBinding);
  File("m/list.yml",
       "apiVersion: sluice.dev/v1\nkind: List\nitems:\n- apiVersion: sluice.dev/v1\n"
       "  kind: Location\n  metadata: {name: here}\n  spec: {provider: local}\n");
  File("m/readme.txt", "not a manifest");
  File("m/deep/later.yaml", "no manifest at all: what is below the folder is not read");
  const Ran ran = Run({"apply", "-f", folder.substr(0, folder.rfind('/'))});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("binding/default/web created\nnetwork/other/net"));
  EXPECT_THAT(ran.out, HasSubstr("location/default/here"));
}

TEST_F(Apply, UnknownKindsAreReportedAndSkippedAndTheRestIsApplied) {
  On("POST /commands", kCreated);
  const std::string text = std::string("apiVersion: sluice.dev/v1\nkind: Bindin\n") +
                           "metadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\n" +
                           "metadata: {name: b}\n---\n" + kBinding;
  const Ran ran = Run({"apply", "-f", "-"}, text);
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_EQ(ran.out, "binding/default/web created\n");
  EXPECT_THAT(ran.err, HasSubstr("standard input, line 1, document 1: kind 'Bindin' of apiVersion "
                                 "'sluice.dev/v1' is not known here (did you mean 'Binding'?)"));
  EXPECT_THAT(ran.err, HasSubstr("document 2: kind 'ConfigMap' of apiVersion 'v1'"));
  EXPECT_THAT(ran.err, HasSubstr("skipped"));
}

TEST_F(Apply, UpstreamLocationsKeepTheirProviderAsDetails) {
  On("POST /commands", R"({"accepted":true,"events":[{"type":"LocationCreated"}]})");
  const Ran ran = Run({"apply", "-f", "-"}, R"(
apiVersion: networking.datumapis.com/v1alpha
kind: Location
metadata: {name: dfw}
spec:
  locationClassName: self-managed
  topology: {topology.datum.net/city-code: DFW}
  provider: {gcp: {projectId: p}}
)");
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(json::parse(BodyOf("POST /commands"))["payload"]["spec"], json::parse(R"({
    "topology":{"topology.datum.net/city-code":"DFW"},
    "providerDetails":{"gcp":{"projectId":"p"}}})"));
  EXPECT_EQ(json::parse(BodyOf("POST /commands"))["payload"]["annotations"], json::parse(R"({
    "networking.datumapis.com/location-class-name":"self-managed"})"));
}

TEST_F(Apply, UpstreamWorkloadsMayNameTheNamespaceOfTheirNetworksAndHaveFinalizers) {
  On("POST /commands", kCreated);
  const Ran ran = Run({"apply", "-f", "-"}, R"(
apiVersion: compute.datumapis.com/v1alpha
kind: Workload
metadata: {name: web, namespace: prod, finalizers: [compute.datumapis.com/x]}
spec:
  template: {spec: {networkInterfaces: [{network: {name: a, namespace: prod}}, {network: {name: b, namespace: other}}]}}
)");
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  // Another namespace is left for the server to refuse, with whatever else is wrong.
  const json interfaces =
      json::parse(BodyOf("POST /commands"))
          .at(json::json_pointer("/payload/spec/template/spec/networkInterfaces"));
  EXPECT_EQ(interfaces, json::parse(R"([{"network":{"name":"a"}},
    {"network":{"name":"b","namespace":"other"}}])"));
}

TEST_F(Apply, ABadNameIsTheServersToSayWithTheRest) {
  On("POST /commands",
     {{.status = 400,
       .body = R"({"kind":"Status","reason":"InvalidArgument","message":"all of it"})"}});
  const Ran ran = Run({"apply", "-f", "-"},
                      "apiVersion: sluice.dev/v1\nkind: Binding\nmetadata: {name: Bad_Name}\n");
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err, HasSubstr("InvalidArgument: all of it"));
  EXPECT_EQ(json::parse(BodyOf("POST /commands"))["entity"], "binding/default/Bad_Name");
}

TEST_F(Apply, UpstreamVersionsStandForTheirOwnKindsOnly) {
  const Ran ran = Run({"apply", "-f", "-"},
                      "apiVersion: compute.datumapis.com/v1alpha\nkind: Instance\n"
                      "metadata: {name: a}\n");
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err, HasSubstr("ours is apiVersion sluice.dev/v1"));
}

TEST_F(Apply, BadManifestsNameFileLineDocumentAndField) {
  const auto error_of = [this](const std::string& text) {
    const Ran ran = Run({"apply", "-f", "-"}, text);
    EXPECT_EQ(ran.exit, Exit::kBadInput) << text;
    return ran.err;
  };
  const std::string head = "apiVersion: sluice.dev/v1\nkind: Binding\n";
  EXPECT_THAT(error_of(head + "metadata: {}\n"), HasSubstr("metadata.name: is missing"));
  EXPECT_THAT(error_of(head + "metadata: {name: 5}\n"),
              HasSubstr("metadata.name: must be a string"));
  EXPECT_THAT(error_of(head + "metadata: {name: a/b}\n"), HasSubstr("'a/b' is no DNS label"));
  EXPECT_THAT(error_of(head + "metadata: {name: a, label: {}}\n"),
              HasSubstr("metadata.label: unknown field"));
  EXPECT_THAT(error_of(head + "metadata: {name: a}\nspecs: {}\n"),
              HasSubstr("specs: unknown field"));
  EXPECT_THAT(error_of("- a\n"), HasSubstr("must be an object"));
  EXPECT_THAT(error_of(""), HasSubstr("there is no object in it"));
  const Ran torn = Run({"apply", "-f", File("torn.yaml", head + "metadata: {name: a\n")});
  EXPECT_EQ(torn.exit, Exit::kBadInput);
  EXPECT_THAT(torn.err, HasSubstr("torn.yaml, line "));
  EXPECT_THAT(torn.err, HasSubstr("document 1: "));
  const Ran json_torn = Run({"apply", "-f", File("torn.json", "{\n\"a\":\n}")});
  EXPECT_THAT(json_torn.err, HasSubstr("torn.json, line 3: not JSON"));
  EXPECT_THAT(Run({"apply", "-f", "/nowhere/x.yaml"}).err, HasSubstr("no such file or folder"));
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(Apply, NobodyThereEndsWithThree) {
  server_ = testing::UnusedUrl();
  const Ran ran = Run({"apply", "-f", "-"}, kBinding);
  EXPECT_EQ(ran.exit, Exit::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("no Sluice node answers at " + server_));
  EXPECT_THAT(ran.err, HasSubstr("sluice up"));
}

TEST_F(Apply, ATooLargeObjectIsBadInput) {
  On("POST /commands",
     {{.status = 413, .body = R"({"kind":"Status","reason":"RequestEntityTooLarge",
                                    "message":"a command may be at most 262144 bytes"})"}});
  const Ran ran = Run({"apply", "-f", "-"}, kBinding);
  EXPECT_EQ(ran.exit, Exit::kBadInput);
  EXPECT_THAT(ran.err, HasSubstr("binding/default/web"));
  EXPECT_THAT(ran.err, HasSubstr("at most 262144 bytes"));
}

using Delete = CliTest;

TEST_F(Delete, SendsTheGuardAndSaysWhatCame) {
  On("POST /commands", {{.body = R"({"accepted":true,"events":[{"type":"EntityDeleted"}]})"},
                        {.body = kUnchanged},
                        {.body = R"({"accepted":false,"rejection":{"code":"FailedPrecondition",
                                    "message":"expectedUid: another incarnation"}})"}});
  const Ran first = Run({"delete", "bindings", "web", "--expected-uid", "u-1"});
  EXPECT_EQ(first.out, "binding/default/web deleted\n");
  EXPECT_EQ(json::parse(BodyOf("POST /commands"))["payload"],
            json::parse(R"({"expectedUid":"u-1"})"));
  EXPECT_EQ(Run({"delete", "binding/prod/web"}).out,
            "binding/prod/web already deleting or deleted\n");
  const Ran refused = Run({"delete", "binding/web", "--cascade"});
  EXPECT_EQ(json::parse(BodyOf("POST /commands"))["payload"], json::parse(R"({"cascade":true})"));
  EXPECT_EQ(refused.exit, Exit::kRejected);
  EXPECT_THAT(refused.out, HasSubstr("rejected: FailedPrecondition: expectedUid"));
}

TEST_F(Delete, ManifestsGoInReverseOrder) {
  On("POST /commands", R"({"accepted":true,"events":[{"type":"DeletionRequested"}]})");
  const Ran ran =
      Run({"delete", "-f", "-"},
          std::string("apiVersion: sluice.dev/v1\nkind: Network\nmetadata: {name: n}\n") + "---\n" +
              kBinding);
  EXPECT_EQ(ran.out, "binding/default/web deleting\nnetwork/default/n deleting\n");
}

TEST_F(Delete, WaitsUntilItIsGone) {
  const std::string object = R"({"metadata":{"name":"web","resourceVersion":"v6"}})";
  const std::string query = "?fieldSelector=metadata.name%3Dweb";
  On("POST /commands", R"({"accepted":true,"events":[{"type":"DeletionRequested"}]})");
  On("GET " + std::string(kBindings) + query + "&limit=500",
     R"({"items":[)" + object + R"(],"metadata":{"resourceVersion":"v5"}})");
  On("GET " + std::string(kBindings) + query +
         "&watch=true&allowWatchBookmarks=true&resourceVersion=v5",
     {{.chunks = {EventLine("MODIFIED", object), EventLine("DELETED", object)},
       .end = testing::FakeEnd::kHold}});
  const Ran ran = Run({"delete", "binding/web", "--wait"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(ran.out, "binding/default/web deleted\n");
}

using TakeOver = CliTest;

TEST_F(TakeOver, NamesTheHolderOfTheNewDataDirectory) {
  On("GET /apis/sluice.dev/v1/namespaces/default/locations/here",
     R"({"spec":{"provider":"local"}})");
  On("POST /commands", R"({"accepted":true,"events":[{"type":"LeaseTakenOver"}]})");
  const std::string holder = File("d/local/holder", "local-1\n");
  const std::string data = holder.substr(0, holder.rfind("/local/"));
  const Ran ran = Run({"provider", "take-over", "here", "--data", data});
  EXPECT_EQ(ran.out, "location/default/here taken over by local-1\n") << ran.err;
  EXPECT_EQ(json::parse(BodyOf("POST /commands"))["payload"],
            json::parse(R"({"provider":"local","holder":"local-1"})"));
  EXPECT_EQ(Run({"provider", "take-over", "default/here", "--holder", "h"}).exit, Exit::kDone);
  EXPECT_EQ(Run({"provider", "take-over", "here"}).exit, Exit::kBadInput);
  const Ran unread = Run({"provider", "take-over", "here", "--data", "/nowhere"});
  EXPECT_EQ(unread.exit, Exit::kBadInput);
  EXPECT_THAT(unread.err, HasSubstr("/nowhere/local/holder: cannot be read"));
}

using ProviderLocal = CliTest;

TEST_F(ProviderLocal, StopsWhenAskedAndRefusesADirectoryItCannotHave) {
  stop_.request_stop();
  const std::string file = File("file", "");
  const Ran ran = Run({"provider", "local", "--data", file.substr(0, file.rfind('/')) + "/p"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(Run({"provider", "local", "--data", file}).exit, Exit::kUnavailable);
  EXPECT_EQ(Run({"provider", "local"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"provider", "local", "--data", "x", "--location", "a/b/c"}).exit, Exit::kBadInput);
}

}  // namespace
}  // namespace sluice::cli
