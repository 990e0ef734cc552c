// A file that is there once it is complete: it is written beside its place, and renamed.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "events/result.h"

namespace sluice::cli {

class NewFile {
 public:
  // What is there and is no file (a pipe, /dev/null) is written as it comes. `out` is not good
  // where nothing can be written.
  explicit NewFile(const std::string& path);
  // Without Finish nothing is left of it, and what was there before is as it was.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  std::ostream& out() { return out_; }
  // kIo: it could not be written, or not be put in its place.
  Result<void> Finish();

 private:
  std::filesystem::path path_;
  std::filesystem::path unfinished_;  // empty: written in place
  std::ofstream out_;
};

}  // namespace sluice::cli
