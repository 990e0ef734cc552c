// Runs every data file of every kind in this build.
#include <gtest/gtest.h>

#include "machines/common/testing/data_file.h"
#include "source_directory.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  sluice::testing::RegisterDataFiles(sluice::BuiltinKinds(), SLUICE_SOURCE_DIR "/machines");
  return RUN_ALL_TESTS();
}
