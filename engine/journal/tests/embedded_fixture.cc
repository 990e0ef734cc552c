#include "engine/journal/tests/embedded_fixture.h"

#include <stdlib.h>

#include <utility>

namespace sluice {

TestDirectory::TestDirectory() {
  const std::filesystem::path shared_memory = "/dev/shm";
  const std::filesystem::path base = std::filesystem::is_directory(shared_memory)
                                         ? shared_memory
                                         : std::filesystem::temp_directory_path();
  std::string name = (base / "sluice-journal-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

EmbeddedOptions EmbeddedFixture::Options(uint32_t partitions, const std::string& name) {
  EmbeddedOptions options;
  options.path = directory_ / name;
  options.partitions = partitions;
  options.clock = &clock_;
  options.on_fatal = [this](const Error& error) { fatal_.push_back(error); };
  options.draw_epoch = [] { return Hash128{1, 2}; };
  return options;
}

std::unique_ptr<EmbeddedJournal> EmbeddedFixture::Open(EmbeddedOptions options) {
  auto opened = EmbeddedJournal::Open(std::move(options));
  EXPECT_TRUE(opened) << ToString(opened.error());
  return opened ? std::move(*opened) : nullptr;
}

std::filesystem::path EmbeddedFixture::LogFile(const std::string& directory) {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  }
  return newest;
}

}  // namespace sluice
