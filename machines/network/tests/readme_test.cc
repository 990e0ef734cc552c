// The diagrams in the READMEs are what the tables say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "machines/common/print_machines.h"
#include "source_directory.h"

namespace sluice {
namespace {

TEST(NetworkReadme, ShowsTheDiagramOfTheTable) {
  for (const std::string kind :
       {"network", "networkcontext", "networkbinding", "subnetclaim", "subnet"}) {
    std::ifstream file(SLUICE_SOURCE_DIR "/machines/network/" + kind + "/README.md");
    std::stringstream text;
    text << file.rdbuf();
    const std::string diagram = PrintMachines({BuiltinKinds().Find(kind)}, MachineFormat::kMermaid);
    EXPECT_THAT(text.str(), ::testing::HasSubstr("```mermaid\n" + diagram + "```")) << kind;
  }
}

}  // namespace
}  // namespace sluice
