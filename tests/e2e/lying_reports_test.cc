// Reports that lie, on a real node: ignored or rejected as the pages say, the object as it was, and
// each of them counted in /metrics by verdict, kind and command.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "service/client/http_client.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;

constexpr char kWeb[] = "instance/default/web";
constexpr char kServer[] = "server/default/s1";
constexpr char kRequest[] = "pullrequest/default/acme--shop--42";
constexpr char kMonitor[] = "driftmonitor/default/acme-us";

class LyingReports : public ::testing::Test {
 protected:
  LyingReports() : node_(dir_ / "data") {
    if (!node_.WaitReady()) ADD_FAILURE() << node_.Errors();
    Accepted("location/default/here", "Apply", R"({"spec":{"provider":"local"}})");
    Accepted("location/default/here", "AcquireLease", R"({"provider":"local","holder":"h1"})");
    Accepted("location/default/here", "TakeOverLease", R"({"provider":"local","holder":"h2"})");
    for (const char* version : {"v1", "v2"}) {
      Accepted(kWeb, "Apply",
               fmt::format(R"({{"spec":{{"location":{{"name":"here"}},)"
                           R"("runtime":{{"process":{{"command":["./{}"]}}}}}}}})",
                           version));
    }
    AwaitLease();
    Accepted(kServer, "ReportServer",
             R"({"flavor":"m1","phase":"Provisioned","resourceVersion":7})");
    Accepted(kRequest, "Apply", R"({"spec":{"repository":"acme/shop","number":42}})");
    Accepted(
        kRequest, "ObserveGitHub",
        R"({"state":"open","sha":"a1","complete":true,"request":1,"at":"2026-01-01T00:00:10Z"})");
    Accepted(kMonitor, "Apply",
             R"({"spec":{"pullRequest":"acme","cluster":"us","revision":"r1"}})");
  }

  std::string Call(const std::string& method, const std::string& target,
                   const std::string& body = "") {
    HttpClient client(node_.url());
    const auto response = client.Call({.method = method,
                                       .target = target,
                                       .body = body,
                                       .headers = {{"content-type", "application/json"}}});
    EXPECT_TRUE(response.has_value());
    return response ? response->body : "{}";
  }
  json Send(const std::string& entity, const std::string& command, const std::string& payload) {
    return json::parse(Call(
        "POST", "/commands",
        fmt::format(R"({{"entity":"{}","command":"{}","payload":{}}})", entity, command, payload)));
  }
  void Accepted(const std::string& entity, const std::string& command, const std::string& payload) {
    const json result = Send(entity, command, payload);
    EXPECT_TRUE(result.value("accepted", false)) << result.dump();
  }
  json Object(const std::string& entity) {
    const std::string kind = entity.substr(0, entity.find('/'));
    return json::parse(Call("GET", "/apis/sluice.dev/v1/namespaces/default/" + kind + "s/" +
                                       entity.substr(entity.rfind('/') + 1)));
  }
  // The instance knows the second term once it observed its location.
  void AwaitLease() {
    for (int i = 0; i < 1000; ++i) {
      const std::string history = Call("GET", "/history/instance/default/web");
      if (history.find(R"("term":2)") != std::string::npos) return;
    }
    ADD_FAILURE() << "the lease never reached the instance";
  }
  uint64_t Counted(const std::string& verdict, const std::string& kind,
                   const std::string& command) {
    const std::string line =
        fmt::format(R"(sluice_commands_refused_total{{verdict="{}",kind="{}",command="{}"}} )",
                    verdict, kind, command);
    const std::string text = Call("GET", "/metrics");
    const size_t at = text.find(line);
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + line.size()));
  }

  // The report changes nothing, has this verdict, and is counted under it.
  void Lies(const std::string& entity, const std::string& command, const std::string& payload,
            const std::string& verdict, const std::string& code = "") {
    SCOPED_TRACE(command + " " + payload);
    const std::string kind = entity.substr(0, entity.find('/'));
    const json before = Object(entity);
    const uint64_t counted = Counted(verdict, kind, command);
    const json result = Send(entity, command, payload);
    EXPECT_EQ(result.value("accepted", false), code.empty()) << result.dump();
    if (!code.empty()) {
      EXPECT_EQ(result["rejection"]["code"], code) << result.dump();
    }
    EXPECT_TRUE(result.value("events", json::array()).empty()) << result.dump();
    EXPECT_EQ(Object(entity), before);
    EXPECT_EQ(Counted(verdict, kind, command), counted + 1);
  }

  const TempDir dir_{"lying"};
  NodeProcess node_;
};

TEST_F(LyingReports, ChangeNothingAndAreCounted) {
  // An older generation, another uid, an older lease.
  for (const char* report :
       {"ReportProgrammed", "ReportRunning", "ReportReadiness", "ReportStopped", "ReportFailed"}) {
    Lies(kWeb, report, R"({"status":"True","generation":1})", "Ignored");
    Lies(kWeb, report, R"({"status":"True","uid":"somebody-elses"})", "Ignored");
    Lies(kWeb, report, R"({"status":"True","leaseTerm":1})", "Ignored");
  }
  Lies(kServer, "ReportServer", R"({"flavor":"m2","resourceVersion":6})", "Ignored");
  Lies(kServer, "ReportServerGone", R"({"resourceVersion":7})", "Ignored");
  Lies(kRequest, "ObserveGitHub", R"({"state":"closed","sha":"a1","at":"2026-01-01T00:00:01Z"})",
       "Ignored");
  Lies(kRequest, "ReportLabel",
       R"({"action":"AddLabel","label":"sluice/qualified","done":true,"uid":"u"})", "Ignored");
  Lies(kMonitor, "ReportDrift", R"({"observedRevision":"r1","uid":"somebody-elses"})", "Ignored");
  // Nothing that it speaks of.
  Lies("instance/default/nobody", "ReportRunning", R"({"status":"True"})", "Rejected", "NotFound");
  Lies("driftmonitor/default/nobody", "ReportDrift", R"({"observedRevision":"r"})", "Rejected",
       "NotFound");
  Lies("pullrequest/default/nobody", "ReportMerge", R"({"merged":true})", "Rejected", "NotFound");
  // What cannot follow on what is.
  Lies(kRequest, "ReportMerge", R"({"sha":"a1","merged":true})", "Ignored");
  Lies(kRequest, "Retry", "{}", "Rejected", "InvalidTransition");
  Lies(kMonitor, "ReportDrift",
       R"({"observedRevision":"r1","differences":[{"path":"a","want":"1","got":"1"}]})", "Rejected",
       "InvalidArgument");
  Lies(kServer, "ReportServer", R"({"flavor":"m2"})", "Rejected", "InvalidArgument");
  Lies(kRequest, "ObserveGitHub", R"({"state":"open","sha":"a2","at":"2999-01-01T00:00:00Z"})",
       "Rejected", "InvalidArgument");
}

}  // namespace
}  // namespace sluice::testing
