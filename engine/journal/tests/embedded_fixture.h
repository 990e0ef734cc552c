// A directory of its own for each test, and an embedded journal in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/clock.h"
#include "engine/journal/embedded_journal.h"

namespace sluice {

// Removed with all in it. In memory where the host has such a file system: what is tested is what
// the journal asks of a disk, not how long one takes.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class EmbeddedFixture : public testing::Test {
 protected:
  // Options for `name` in the test's directory.
  EmbeddedOptions Options(uint32_t partitions, const std::string& name = "journal");
  static std::unique_ptr<EmbeddedJournal> Open(EmbeddedOptions options);

  // The newest write-ahead log in a journal's directory.
  static std::filesystem::path LogFile(const std::string& directory);

  TestDirectory directory_;
  ManualClock clock_{Time{1'763'719'200'000'000}};
  std::vector<Error> fatal_;
};

}  // namespace sluice
