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

TEST(InstanceReadme, ShowsTheDiagramOfTheTable) {
  for (const std::string kind : {"deployment", "instance", "location", "workload"}) {
    std::ifstream file(SLUICE_SOURCE_DIR "/machines/" + kind + "/README.md");
    std::stringstream text;
    text << file.rdbuf();
    const std::string diagram = PrintMachines({BuiltinKinds().Find(kind)}, MachineFormat::kMermaid);
    EXPECT_THAT(text.str(), ::testing::HasSubstr("```mermaid\n" + diagram + "```")) << kind;
  }
}

}  // namespace
}  // namespace sluice
