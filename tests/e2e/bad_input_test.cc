// What is no good, given to the real binary: each time a typed rejection, a Status or a clear
// message with the exit code of design §7; no partition stops, nothing acknowledged is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "service/client/http_client.h"
#include "tests/e2e/exit_codes.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TempDir("bad-input");
    node_ = new NodeProcess(*directory_ / "data");
    ASSERT_TRUE(node_->WaitReady()) << node_->Errors();
  }
  static void TearDownTestSuite() {
    delete std::exchange(node_, nullptr);
    delete std::exchange(directory_, nullptr);
  }
  // Whatever was thrown at it, every partition goes on deciding.
  void TearDown() override {
    ASSERT_TRUE(node_->Runs()) << node_->Errors();
    HttpClient client(node_->url());
    const auto ready = client.Call({.target = "/readyz"});
    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->status, 200) << ready->body;
    for (int i = 0; i < 16; ++i) {
      const auto answer = client.Call(
          {.method = "POST",
           .target = "/commands",
           .body = fmt::format(
               R"({{"entity":"location/default/l-{}","command":"Apply","payload":{{"spec":{{"provider":"local"}}}}}})",
               i)});
      ASSERT_TRUE(answer);
      EXPECT_THAT(answer->body, HasSubstr("\"accepted\":true"));
    }
  }

  static Finished Sluice(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"--server", node_->url()});
    return RunSluiceBinary(arguments, input);
  }
  static HttpResponse Post(const std::string& body, const std::string& target = "/commands") {
    HttpClient client(node_->url());
    const auto response = client.Call({.method = "POST", .target = target, .body = body});
    EXPECT_TRUE(response);
    return response ? *response : HttpResponse{};
  }
  // A Status of that code that names what was wrong.
  static void ExpectStatus(const HttpResponse& response, int code, const std::string& names) {
    EXPECT_EQ(response.status, code);
    const json status = json::parse(response.body, nullptr, false);
    ASSERT_TRUE(status.is_object()) << response.body;
    EXPECT_EQ(status.value("kind", ""), "Status");
    EXPECT_EQ(status.value("code", 0), code);
    EXPECT_THAT(status.value("message", ""), HasSubstr(names));
  }
  static void ExpectBad(const std::string& command, const std::string& names) {
    ExpectStatus(Post(command), 400, names);
    const Finished sent = Sluice({"send", command});
    EXPECT_EQ(sent.exit_code, kBadInput) << command;
    EXPECT_THAT(sent.err, HasSubstr(names));
  }
  static void ExpectRejected(const std::string& command, const std::string& code,
                             const std::string& names) {
    const Finished sent = Sluice({"send", command});
    EXPECT_EQ(sent.exit_code, kRejected) << sent.err;
    const json result = json::parse(sent.out, nullptr, false);
    ASSERT_TRUE(result.is_object()) << sent.out;
    EXPECT_EQ(result["accepted"], false);
    EXPECT_EQ(result["rejection"].value("code", ""), code);
    EXPECT_THAT(result["rejection"].dump(), HasSubstr(names));
  }
  static std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = *directory_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static inline TempDir* directory_ = nullptr;
  static inline NodeProcess* node_ = nullptr;
};

std::string Apply(const std::string& entity, const std::string& payload) {
  return fmt::format(R"({{"entity":"{}","command":"Apply","payload":{}}})", entity, payload);
}

TEST_F(BadInput, MalformedJson) {
  ExpectStatus(Post(R"({"entity":)"), 400, "line 1, column 11");
  EXPECT_EQ(Sluice({"send", R"({"entity":)"}).exit_code, kBadInput);
  ExpectStatus(Post("[1,2]"), 400, "object");
  ExpectStatus(Post(""), 400, "no command");
  ExpectStatus(Post(std::string("\0\xff\xfe", 3)), 400, "not a command");
  // Of a body that is broken somewhere nothing is submitted.
  ExpectStatus(Post(Apply("network/default/first", "{}") + "\n{\"entity\":\n"), 400, "line 2");
  EXPECT_EQ(Sluice({"get", "network", "first"}).exit_code, kRejected);
}

TEST_F(BadInput, MalformedYaml) {
  const std::string broken = WriteFile("broken.yaml", "kind: Network\nmetadata: {name: [}\n");
  const Finished applied = Sluice({"apply", "-f", broken});
  EXPECT_EQ(applied.exit_code, kBadInput);
  EXPECT_THAT(applied.err, AllOf(HasSubstr("broken.yaml"), HasSubstr("line 2")));
  // What stands beside it is applied all the same, and the exit code tells.
  const std::string head = "apiVersion: sluice.dev/v1\nkind: ";
  const std::string mixed =
      WriteFile("mixed.yaml", head + "Network\nmetadata: {name: good}\n---\n" + head +
                                  "Netwrk\nmetadata: {name: a}\n---\n" + head +
                                  "Network\nmetadata: {name: b}\nspec: {mtuu: 3}\n---\n" + head +
                                  "Network\nmetadata: {name: c}\nspec: {mtu: big}\n---\n" + head +
                                  "Network\nmetadata: {name: Bad_Name}\n");
  const Finished partly = Sluice({"apply", "-f", mixed});
  EXPECT_EQ(partly.exit_code, kBadInput);
  EXPECT_THAT(partly.out, HasSubstr("network/default/good created"));
  EXPECT_THAT(partly.err, AllOf(HasSubstr("did you mean 'Network'"),
                                HasSubstr("InvalidArgument: payload.spec.mtuu: unknown field"),
                                HasSubstr("payload.spec.mtu"), HasSubstr("'Bad_Name'")));
  EXPECT_EQ(Sluice({"apply", "-f", *directory_ / "nowhere.yaml"}).exit_code, kBadInput);
}

TEST_F(BadInput, InternalCommandsOfAUser) {
  for (const char* command : {"AcquirePrefix", "ReleasePrefix", "EnsureContext"}) {
    ExpectRejected(fmt::format(R"({{"entity":"network/default/x","command":"{}"}})", command),
                   "InvalidArgument", "internal");
  }
}

TEST_F(BadInput, UnknownKindCommandAndField) {
  ExpectBad(Apply("netwrk/default/x", "{}"), "no kind 'netwrk'");
  ExpectBad(R"({"entity":"network/default/x","command":"Aply"})", "no command 'Aply'");
  ExpectBad(Apply("network/default/x", R"({"spec":{"mtuu":1}})"), "payload.spec.mtuu");
  ExpectBad(R"({"entity":"network/default/x","command":"Apply","paylod":{}})", "paylod");
  ExpectBad(R"({"command":"Apply"})", "entity");
  const Finished got = Sluice({"get", "netwrk"});
  EXPECT_EQ(got.exit_code, kBadInput);
  EXPECT_THAT(got.err, HasSubstr("did you mean 'network'"));
  const Finished verb = Sluice({"aply"});
  EXPECT_EQ(verb.exit_code, kBadInput);
  EXPECT_THAT(verb.err, HasSubstr("aply"));
}

TEST_F(BadInput, WrongTypesAreToldAllAtOnce) {
  const std::string both =
      Apply("network/default/x", R"({"spec":{"mtu":"big","ipFamilies":{"a":1}}})");
  ExpectBad(both, "payload.spec.mtu");
  ExpectBad(both, "payload.spec.ipFamilies");
  ExpectBad(R"({"entity":"network/default/x","command":"Apply","expectedVersion":-1})",
            "expectedVersion");
}

TEST_F(BadInput, NamesThatAreNoDnsLabels) {
  const std::vector<std::string> names = {"X", "a_b", "-a", "a-", "a.b", "", std::string(64, 'a')};
  for (const std::string& name : names) {
    ExpectBad(Apply("network/default/" + name, "{}"), "DNS label");
  }
  ExpectBad(Apply("network/De/x", "{}"), "DNS label");
  EXPECT_EQ(Sluice({"get", "network/A_b"}).exit_code, kBadInput);
}

TEST_F(BadInput, Oversize) {
  const auto sized = [](size_t bytes) {
    const std::string empty = Apply("network/default/big", R"({"annotations":{"a":""}})");
    return Apply("network/default/big",
                 R"({"annotations":{"a":")" + std::string(bytes - empty.size(), 'x') + R"("}})");
  };
  ASSERT_EQ(sized(262'144).size(), 262'144U);
  EXPECT_EQ(Post(sized(200'000)).status, 200);
  // The bound holds for the text, and for the bytes that stand in the log.
  ExpectStatus(Post(sized(262'144)), 400, "at most 262144 bytes");
  ExpectStatus(Post(sized(262'145)), 413, "at most 262144 bytes");
  const Finished sent = Sluice({"send", "-f", WriteFile("big.json", sized(262'145) + "\n")});
  EXPECT_EQ(sent.exit_code, kBadInput);
  EXPECT_THAT(sent.err, AllOf(HasSubstr("big.json, line 1"), HasSubstr("262144")));
  EXPECT_EQ(json::parse(Sluice({"dead-letters", "list", "-o", "json"}).out)["items"].size(), 0U);
}

TEST_F(BadInput, AReportForAnUnknownInstance) {
  ExpectRejected(
      R"({"entity":"instance/default/nobody","command":"ReportProgrammed","payload":{"status":"True"}})",
      "NotFound", "instance/default/nobody");
  EXPECT_EQ(Sluice({"get", "instance", "nobody"}).exit_code, kRejected);
}

TEST_F(BadInput, AnAddressPoolThatRunsDry) {
  // Room for one network.
  const Finished configured = Sluice(
      {"send", Apply("clusterconfig/sluice-system/cluster",
                     R"({"spec":{"ipv4Pools":["10.9.0.0/20"],"localIpv4Pools":["127.99.0.0/20"],)"
                     R"("networkIpv4Length":20,"contextIpv4Length":24}})")});
  ASSERT_EQ(configured.exit_code, kDone) << configured.out << configured.err;
  EXPECT_EQ(Sluice({"send", Apply("network/default/dry-a", "{}")}).exit_code, kDone);
  EXPECT_EQ(Sluice({"send", Apply("network/default/dry-b", "{}")}).exit_code, kDone);
  // One of them gets it; the other says why not, and waits.
  const auto reason = [](const std::string& name) {
    const Finished got = Sluice({"get", "network", name, "-o", "json"});
    const json conditions = json::parse(got.out)["status"]["conditions"];
    std::string text;
    for (const json& condition : conditions) {
      text += condition.value("reason", "") + ": " + condition.value("message", "") + "\n";
    }
    return text;
  };
  EXPECT_EQ(Sluice({"wait", "network/dry-a", "--for=phase=Ready", "--timeout=20s"}).exit_code,
            kDone)
      << reason("dry-a");
  const Finished waited = Sluice({"wait", "network/dry-b", "--for=phase=Ready", "--timeout=1s"});
  EXPECT_EQ(waited.exit_code, kRejected) << waited.out << waited.err;
  EXPECT_THAT(reason("dry-b"), HasSubstr("AddressPoolExhausted"));
  // With room again it goes on by itself.
  ASSERT_EQ(
      Sluice({"send", Apply("clusterconfig/sluice-system/cluster", R"({"spec":{}})")}).exit_code,
      kDone);
  EXPECT_EQ(Sluice({"wait", "network/dry-b", "--for=phase=Ready", "--timeout=40s"}).exit_code,
            kDone)
      << reason("dry-b");
}

TEST_F(BadInput, APortThatIsTaken) {
  const std::string taken = fmt::format("127.0.0.1:{}", node_->port());
  const Finished up = RunSluiceBinary({"up", "--data", *directory_ / "other", "--listen", taken});
  EXPECT_EQ(up.exit_code, kUnavailable);
  EXPECT_THAT(up.err, AllOf(HasSubstr(taken), HasSubstr("--listen")));
  for (const char* address : {"x", "127.0.0.1:99999", "0.0.0.0:7420", "127.0.0.1:"}) {
    const Finished bad =
        RunSluiceBinary({"up", "--data", *directory_ / "other", "--listen", address});
    EXPECT_EQ(bad.exit_code, kBadInput) << address;
    EXPECT_THAT(bad.err, HasSubstr(address));
  }
}

TEST_F(BadInput, ADataDirectoryInUse) {
  const std::string data = *directory_ / "data";
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"up", "--data", data, "--listen", "127.0.0.1:0"},
        std::vector<std::string>{"--data", data, "get", "network"}}) {
    const Finished second = RunSluiceBinary(arguments);
    EXPECT_EQ(second.exit_code, kUnavailable);
    EXPECT_THAT(second.err, AllOf(HasSubstr(data), HasSubstr("held by a running process")));
  }
}

TEST_F(BadInput, NobodyAnswers) {
  const Finished got = RunSluiceBinary({"--server", "http://127.0.0.1:1", "get", "network"});
  EXPECT_EQ(got.exit_code, kUnavailable);
  EXPECT_THAT(got.err, AllOf(HasSubstr("http://127.0.0.1:1"), HasSubstr("sluice up")));
}

}  // namespace
}  // namespace sluice::testing
