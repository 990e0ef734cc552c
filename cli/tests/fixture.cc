#include "cli/tests/fixture.h"

#include <filesystem>
#include <fstream>

#include "service/client/http_client.h"

namespace sluice::cli {
namespace {

constexpr const char* kKinds = R"({"kind":"APIResourceList","resources":[
  {"name":"bindings","singularName":"binding","namespaced":true,"kind":"Binding"},
  {"name":"instances","singularName":"instance","namespaced":true,"kind":"Instance"},
  {"name":"locations","singularName":"location","namespaced":true,"kind":"Location"},
  {"name":"workloads","singularName":"workload","namespaced":true,"kind":"Workload"},
  {"name":"networks","singularName":"network","namespaced":true,"kind":"Network"},
  {"name":"networkcontexts","singularName":"networkcontext","namespaced":true,
   "kind":"NetworkContext"},
  {"name":"clusterconfigs","singularName":"clusterconfig","namespaced":false,
   "kind":"ClusterConfig"}]})";

std::string Line(const testing::FakeRequest& request) {
  return request.method + " " + request.target;
}

}  // namespace

CliTest::CliTest() : node_([this](const testing::FakeRequest& r) { return Answer(r); }) {
  server_ = node_.url();
  folder_ = ::testing::TempDir() + "sluice_cli_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  On("GET /apis/sluice.dev/v1", kKinds);
}

void CliTest::On(const std::string& request, std::vector<testing::FakeReply> replies) {
  replies_[request] = std::move(replies);
}

testing::FakeReply CliTest::Answer(const testing::FakeRequest& request) {
  const auto found = replies_.find(Line(request));
  if (found == replies_.end()) {
    return {.status = 404,
            .body = R"({"kind":"Status","reason":"NotFound","message":"nothing at )" +
                    request.target + R"(","code":404})"};
  }
  const size_t at = std::min(answered_[Line(request)]++, found->second.size() - 1);
  return found->second[at];
}

Ran CliTest::Run(std::vector<std::string> arguments, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Environment environment{
      .in = in,
      .out = out,
      .err = err,
      .variable = [this](const char* name) -> std::optional<std::string> {
        const auto found = variables_.find(name);
        if (found == variables_.end()) return std::nullopt;
        return found->second;
      },
      .now = [this] { return now_; },
      .pause =
          [this](Duration length) {
            pauses_.push_back(length);
            now_ = now_ + length;
          },
      .new_id = [this] { return "id-" + std::to_string(++ids_); },
      .connect = [](const std::string& server) { return std::make_unique<HttpClient>(server); },
      .stop = stop_.get_token(),
  };
  if (!server_.empty()) arguments.insert(arguments.end(), {"--server", server_});
  Ran ran;
  ran.exit = RunSluice(std::move(arguments), environment);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

std::vector<std::string> CliTest::Requests() const {
  std::vector<std::string> lines;
  for (const auto& request : node_.requests()) {
    if (request.target != "/apis/sluice.dev/v1") lines.push_back(Line(request));
  }
  return lines;
}

std::string CliTest::BodyOf(const std::string& request) const {
  std::string body;
  for (const auto& made : node_.requests()) {
    if (Line(made) == request) body = made.body;
  }
  return body;
}

std::string CliTest::File(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(folder_) / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

std::string EventLine(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

}  // namespace sluice::cli
