// A location that is deleted and made anew while its provider runs is served again, with what is
// put there under the names of before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

constexpr char kManifests[] = R"(
apiVersion: sluice.dev/v1
kind: Location
metadata: {name: here}
spec: {provider: local}
---
apiVersion: sluice.dev/v1
kind: Network
metadata: {name: net}
spec: {ipam: {mode: Auto}}
---
apiVersion: sluice.dev/v1
kind: Instance
metadata: {name: one}
spec:
  location: {name: here}
  networkInterfaces: [{network: {name: net}}]
  runtime: {process: {command: [sleep, "100"], terminationGrace: 1s}}
)";

class LocationAnew : public ::testing::Test {
 protected:
  LocationAnew() : node_(dir_ / "data", 0, {"--provider", "local", "--stop-processes"}) {
    if (!node_.WaitReady()) ADD_FAILURE() << node_.Errors();
    std::ofstream(dir_ / "all.yaml") << kManifests;
  }
  ~LocationAnew() override { EXPECT_EQ(node_.Stop(), 0); }

  void Do(std::vector<std::string> verb) {
    const std::string name = verb.front();
    verb.insert(verb.begin(), {"--server", node_.url()});
    const Finished done = RunSluiceBinary(verb);
    EXPECT_EQ(done.exit_code, 0) << name << ": " << done.out << done.err << node_.Errors();
  }
  void BringUp() {
    Do({"apply", "-f", dir_ / "all.yaml"});
    Do({"wait", "location/here", "--for=condition=Ready"});
    Do({"wait", "instance/one", "--for=phase=Ready"});
  }

  const TempDir dir_{"location-anew"};
  NodeProcess node_;
};

TEST_F(LocationAnew, IsServedAgainWithWhatIsPutThere) {
  BringUp();
  Do({"delete", "instance/one", "network/net"});
  Do({"wait", "instance/one", "--for=delete"});
  Do({"wait", "network/net", "--for=delete"});
  Do({"delete", "location/here"});
  Do({"wait", "location/here", "--for=delete"});
  BringUp();
  EXPECT_THAT(node_.Errors(), ::testing::Not(::testing::HasSubstr("IdempotencyConflict")));
}

}  // namespace
}  // namespace sluice::testing
