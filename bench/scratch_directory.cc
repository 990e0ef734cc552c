#include "bench/scratch_directory.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sluice::bench {

namespace fs = std::filesystem;

Result<std::unique_ptr<ScratchDirectory>> ScratchDirectory::Make(const std::string& parent) {
  std::error_code error;
  fs::path base = parent.empty() ? fs::temp_directory_path(error) : fs::path(parent);
  if (!error) fs::create_directories(base, error);
  if (error) return Err(ErrorCode::kIo, "cannot make {}: {}", base.string(), error.message());
  std::string path = (base / "sluice-bench-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return Err(ErrorCode::kIo, "cannot make a directory in {}: {}", base.string(),
               std::strerror(errno));
  }
  return std::unique_ptr<ScratchDirectory>(new ScratchDirectory(std::move(path)));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;  // What is left behind is the system's to clean.
  fs::remove_all(path_, ignored);
}

void ScratchDirectory::Remove(const std::string& name) const {
  std::error_code ignored;
  fs::remove_all(Path(name), ignored);
}

uint64_t BytesOnDisk(const std::string& path) {
  constexpr uint64_t kStatBlockBytes = 512;
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    struct stat status {};
    if (::lstat(at->path().c_str(), &status) == 0) {
      bytes += static_cast<uint64_t>(status.st_blocks) * kStatBlockBytes;
    }
  }
  return bytes;
}

}  // namespace sluice::bench
