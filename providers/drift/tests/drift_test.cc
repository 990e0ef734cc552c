// Clusters in files: what differs, and when it is told.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "providers/drift/provider.h"

namespace sluice::drift {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

TEST(Compare, NamesTheFieldThatDiffers) {
  const Files want{{"app.yaml", "spec:\n  replicas: 3\n  ports: [{port: 80}, {port: 81}]\n"}};
  const Files got{
      {"app.yaml", "# edited\nspec: {ports: [{port: 80}, {port: 8081}], replicas: 5}\n"}};
  EXPECT_EQ(Compare(want, got),
            (std::vector<Difference>{{"app.yaml spec.ports[1].port", "81", "8081"},
                                     {"app.yaml spec.replicas", "3", "5"}}));
}

TEST(Compare, AFieldThatIsMissingOrTooManySaysSo) {
  EXPECT_EQ(Compare({{"a.json", R"({"x":1})"}}, {{"a.json", R"({"y":null})"}}),
            (std::vector<Difference>{{"a.json x", "1", ""}, {"a.json y", "", "null"}}));
}

TEST(Compare, OrderAndCommentsAreNoDifference) {
  EXPECT_TRUE(Compare({{"a.yaml", "x: 1\ny: 2\n"}}, {{"a.yaml", "# hi\ny: 2\nx: 1\n"}}).empty());
}

TEST(Compare, FilesThatAreMissingOrTooMany) {
  EXPECT_EQ(Compare({{"a.yaml", "x: 1"}}, {{"b.txt", "hello"}}),
            (std::vector<Difference>{{"a.yaml", "x: 1", ""}, {"b.txt", "", "hello"}}));
}

TEST(Compare, WhatIsNoYamlIsComparedAsAWhole) {
  EXPECT_EQ(Compare({{"a.yaml", "x: ["}}, {{"a.yaml", "x: 1"}}),
            (std::vector<Difference>{{"a.yaml", "x: [", "x: 1"}}));
  const std::string longer(1000, 'x');
  const auto found = Compare({{"a.txt", longer + "1"}}, {{"a.txt", longer + "2"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].want, found[0].got);
}

class ClusterFiles : public ::testing::Test {
 protected:
  ClusterFiles() : root_(fs::temp_directory_path() / ("drift-" + RandomSession())) {
    fs::create_directories(root_);
  }
  ~ClusterFiles() override { fs::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void Shell(const std::string& script) {
    ASSERT_EQ(
        std::system(("cd '" + root_.string() + "' && (" + script + ") >/dev/null 2>&1").c_str()), 0)
        << script;
  }

  const fs::path root_;
};

TEST_F(ClusterFiles, ReadsRevisionHealthAndDifferences) {
  Write("us-1/revision", "m1\n");
  Write("us-1/manifests/app.yaml", "replicas: 3\n");
  Write("us-1/live/app.yaml", "replicas: 3\n");
  EXPECT_EQ(ReadCluster(root_, "us-1", "m1").value(), (ClusterState{"m1", "Healthy", {}}));
  Write("us-1/live/app.yaml", "replicas: 4\n");
  Write("us-1/health", "Degraded\n");
  EXPECT_EQ(ReadCluster(root_, "us-1", "m1").value(),
            (ClusterState{"m1", "Degraded", {{"app.yaml replicas", "3", "4"}}}));
}

TEST_F(ClusterFiles, WhatIsMissingIsNamed) {
  EXPECT_EQ(ReadCluster(root_, "us-1", "").error().code, ErrorCode::kNotFound);
  Write("us-1/manifests/app.yaml", "replicas: 3\n");
  const auto unreadable = ReadCluster(root_, "us-1", "");
  EXPECT_EQ(unreadable.error().code, ErrorCode::kInvalid);
  EXPECT_NE(unreadable.error().message.find("us-1/revision"), std::string::npos);
}

TEST_F(ClusterFiles, AGitCheckoutsHeadIsWhatIsWanted) {
  const std::string git = "git -c user.name=t -c user.email=t@t -c init.defaultBranch=main ";
  Write("eu-1/app.yaml", "replicas: 3\n");
  Shell(git + "init eu-1 && cd eu-1 && git add . && " + git + "commit -m one");
  const ClusterState clean = ReadCluster(root_, "eu-1", "").value();
  EXPECT_EQ(clean.revision.size(), 40U);
  EXPECT_TRUE(clean.differences.empty());
  Write("eu-1/app.yaml", "replicas: 4\n");
  Write("eu-1/by hand.txt", "hi");
  EXPECT_EQ(ReadCluster(root_, "eu-1", "").value().differences,
            (std::vector<Difference>{{"app.yaml replicas", "3", "4"}, {"by hand.txt", "", "hi"}}));
  // A later commit that contains the one that is wanted does not take it back.
  Shell("cd eu-1 && git add . && " + git + "commit -m two");
  EXPECT_EQ(ReadCluster(root_, "eu-1", clean.revision).value().revision, clean.revision);
  EXPECT_NE(ReadCluster(root_, "eu-1", "no-such").value().revision, clean.revision);
}

class FakeNode : public Api {
 public:
  Result<HttpResponse> Call(const HttpRequest& request) override {
    HttpResponse response{200, {}, ""};
    if (request.method == "POST") {
      const Json command = Json::parse(request.body);
      if (command["command"] == "AcquireLease") {
        response.body = R"({"accepted":true,"reply":{"type":"LeaseGranted","payload":{"term":2}}})";
      } else {
        told.push_back(command["payload"]);
        response.body = R"({"accepted":true})";
      }
    } else if (request.target.find("/locations/") != std::string::npos) {
      response.body = R"({"status":{"lease":{"holder":"me","term":2}}})";
    } else {
      response.body = Json{
          {"spec",
           {{"cluster", "us-1"}, {"revision", "m1"}, {"interval", "10s"}, {"deadline", "1m0s"}}},
          {"status",
           {{"phase",
             phase}}}}.dump();
    }
    return response;
  }
  Result<StreamOutcome> Stream(const HttpRequest&, const LineCallback&, std::stop_token) override {
    return Err(ErrorCode::kUnavailable, "not here");
  }
  std::string address() const override { return "fake"; }
  std::string phase = "Synced";
  std::vector<Json> told;
};

class DriftProvider : public ::testing::Test {
 protected:
  DriftProvider() {
    lease_.Check();
    provider_.OnActions({{.entity = {"driftmonitor", "default", "x-us-1"},
                          .actions = {{"WatchDrift", "driftmonitor/default/x-us-1", "u1", 0, 1}}}});
  }
  void After(int64_t seconds) {
    now_ = now_ + Duration::Seconds(seconds);
    provider_.Step();
  }

  Time now_{1'795'255'265'000'000};
  FakeNode node_;
  Result<ClusterState> state_ = ClusterState{"m1", "Healthy", {}};
  Lease lease_{node_, "drift", "me", "s"};
  Provider provider_{node_, lease_,
                     [this](const std::string&, const std::string&) { return state_; }, "s",
                     [this] { return now_; }};
};

TEST_F(DriftProvider, TellsWhatChangedAndTheRestInTime) {
  After(0);
  ASSERT_EQ(node_.told.size(), 1U);
  EXPECT_EQ(node_.told[0], Json::parse(R"({"observedRevision":"m1","health":"Healthy",
    "differences":[],"uid":"u1","leaseTerm":2})"));
  EXPECT_EQ(provider_.NextDue(), now_ + Duration::Seconds(10));
  for (int i = 0; i < 4; ++i) After(10);
  EXPECT_EQ(node_.told.size(), 1U) << "nothing changed";
  After(10);
  EXPECT_EQ(node_.told.size(), 2U) << "before the deadline passes";
  state_->differences = {{"app.yaml replicas", "3", "4"}};
  After(10);
  ASSERT_EQ(node_.told.size(), 3U);
  EXPECT_EQ(node_.told[2]["differences"],
            Json::parse(R"([{"path":"app.yaml replicas","want":"3","got":"4"}])"));
}

TEST_F(DriftProvider, SaysNothingOfAClusterItCannotRead) {
  state_ = Err(ErrorCode::kNotFound, "no such directory");
  After(0);
  After(60);
  EXPECT_TRUE(node_.told.empty());
  state_ = ClusterState{"m1", "Healthy", {}};
  After(10);
  EXPECT_EQ(node_.told.size(), 1U);
}

}  // namespace
}  // namespace sluice::drift
