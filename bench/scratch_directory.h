// A directory for one run, removed with all that is in it.
#pragma once

#include <memory>
#include <string>

#include "events/result.h"

namespace sluice::bench {

class ScratchDirectory {
 public:
  // A fresh directory in `parent`; empty: in the system's directory for temporary files. kIo.
  static Result<std::unique_ptr<ScratchDirectory>> Make(const std::string& parent);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  void Remove(const std::string& name) const;

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

// Of all files below `path`, as far as they take up blocks.
uint64_t BytesOnDisk(const std::string& path);

}  // namespace sluice::bench
