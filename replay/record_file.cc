#include "replay/record_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace sluice::replay {
namespace {

tl::unexpected<Error> FileFailed(const char* what) {
  const std::error_code error(errno, std::generic_category());
  return Err(ErrorCode::kIo, "{} in {}: {}; TMPDIR names another directory", what,
             std::filesystem::temp_directory_path().string(), error.message());
}

}  // namespace

RecordFile::~RecordFile() {
  if (file_ >= 0) ::close(file_);
}

Result<RecordFile::Place> RecordFile::Add(std::string_view bytes) {
  if (kept_.size() + bytes.size() > memory_bytes_max_ && !kept_.empty()) {
    if (auto spilled = Spill(); !spilled) return tl::unexpected(spilled.error());
  }
  const Place place{.offset = spilled_ + kept_.size(), .size = static_cast<uint32_t>(bytes.size())};
  kept_ += bytes;
  return place;
}

Result<void> RecordFile::Spill() {
  if (file_ < 0) {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-records-XXXXXX").string();
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) return FileFailed("a temporary file for the log cannot be made");
    ::unlink(name.c_str());
  }
  for (size_t at = 0; at < kept_.size();) {
    const ssize_t written =
        ::pwrite(file_, kept_.data() + at, kept_.size() - at, static_cast<off_t>(spilled_ + at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return FileFailed("the log cannot be written to a temporary file");
    at += static_cast<size_t>(written);
  }
  spilled_ += kept_.size();
  kept_.clear();
  return {};
}

Result<std::string_view> RecordFile::Read(Place place, Chunk* chunk,
                                          size_t read_ahead_bytes) const {
  if (place.offset >= spilled_) {
    return std::string_view(kept_).substr(place.offset - spilled_, place.size);
  }
  const bool is_there = place.offset >= chunk->offset &&
                        place.offset + place.size <= chunk->offset + chunk->bytes.size();
  if (!is_there) {
    const uint64_t wanted = std::max<uint64_t>(place.size, read_ahead_bytes);
    chunk->offset = place.offset;
    chunk->bytes.resize(std::min(wanted, spilled_ - place.offset));
    for (size_t at = 0; at < chunk->bytes.size();) {
      const ssize_t count = ::pread(file_, chunk->bytes.data() + at, chunk->bytes.size() - at,
                                    static_cast<off_t>(place.offset + at));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        chunk->bytes.clear();
        return FileFailed("the temporary file of the log cannot be read");
      }
      at += static_cast<size_t>(count);
    }
  }
  return std::string_view(chunk->bytes).substr(place.offset - chunk->offset, place.size);
}

}  // namespace sluice::replay
