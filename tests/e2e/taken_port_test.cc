// An instance whose port another process of the host has taken: it fails with a reason, its output
// says which, and nothing else is touched.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// Listens on a free port of every address.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, any, size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  uint16_t port() const { return port_; }

 private:
  const int socket_;
  uint16_t port_ = 0;
};

TEST(TakenPort, AnInstanceFailsAndSaysWhy) {
  const TempDir directory("port");
  const Listener taken;
  NodeProcess node(directory / "data", 0, {"--provider", "local", "--stop-processes"});
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  const auto run = [&](std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"--server", node.url()});
    return RunSluiceBinary(arguments, input);
  };
  const std::string head = "apiVersion: sluice.dev/v1\nkind: ";
  const Finished applied =
      run({"apply", "-f", "-"},
          head + "Location\nmetadata: {name: here}\nspec: {provider: local}\n---\n" + head +
              "Network\nmetadata: {name: default}\nspec: {ipFamilies: [IPv4]}\n---\n" + head +
              fmt::format("Instance\nmetadata: {{name: one}}\nspec:\n"
                          "  location: {{name: here}}\n"
                          "  networkInterfaces: [{{network: {{name: default}}}}]\n"
                          "  runtime: {{process: {{command: [{}, --port, '{}'],\n"
                          "    readiness: {{exec: {{command: [/bin/true]}}, period: 100ms}},\n"
                          "    restartPolicy: {{maxRestarts: 1}}}}}}\n",
                          SLUICE_HELLO_SERVER, taken.port()));
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  const Finished waited = run({"wait", "instance/one", "--for=phase=Failed", "--timeout=50s"});
  const json one = json::parse(run({"get", "instance", "one", "-o", "json"}).out);
  ASSERT_EQ(waited.exit_code, 0) << waited.err << one.dump(2);
  EXPECT_NE(one["status"].value("exitCode", 0), 0) << one["status"];
  EXPECT_THAT(run({"logs", "one"}).out, HasSubstr("already in use"));
  EXPECT_EQ(run({"get", "network", "default"}).exit_code, 0);
  EXPECT_EQ(run({"delete", "instance/one", "--wait"}).exit_code, 0);
  EXPECT_EQ(node.Stop(), 0);
}

}  // namespace
}  // namespace sluice::testing
