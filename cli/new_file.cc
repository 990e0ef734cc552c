#include "cli/new_file.h"

#include <unistd.h>

namespace sluice::cli {

namespace fs = std::filesystem;

NewFile::NewFile(const std::string& path) : path_(path) {
  std::error_code error;
  // A link goes on leading to it.
  if (const fs::path target = fs::canonical(path_, error); !error) path_ = target;
  const fs::file_status there = fs::status(path_, error);
  if (fs::exists(there) && !fs::is_regular_file(there)) {
    out_.open(path_, std::ios::binary);
    return;
  }
  unfinished_ = fmt::format("{}.{}.unfinished", path_.string(), getpid());
  out_.open(unfinished_, std::ios::binary | std::ios::trunc);
  // Who may not read the old one may not read this one.
  if (fs::exists(there)) fs::permissions(unfinished_, there.permissions(), error);
}

NewFile::~NewFile() {
  if (unfinished_.empty()) return;
  out_.close();
  std::error_code ignored;
  fs::remove(unfinished_, ignored);
}

Result<void> NewFile::Finish() {
  out_.close();
  if (!out_) return Err(ErrorCode::kIo, "{} could not be written", path_.string());
  if (unfinished_.empty()) return {};
  std::error_code error;
  fs::rename(unfinished_, path_, error);
  if (error) return Err(ErrorCode::kIo, "{}: {}", path_.string(), error.message());
  unfinished_.clear();
  return {};
}

}  // namespace sluice::cli
