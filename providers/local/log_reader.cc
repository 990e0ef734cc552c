#include "providers/local/log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "providers/local/instance_files.h"

namespace sluice::local {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBlockBytes = 64 * 1024;

uint64_t Inode(const fs::path& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

// Where the last `lines` lines begin in the file; less is found than asked: 0, and `lines` says how
// many are still missing.
off_t TailOffset(int fd, uint64_t& lines) {
  off_t end = lseek(fd, 0, SEEK_END);
  bool last_byte = true;  // A newline there ends the last line, it does not begin another.
  std::string block;
  while (end > 0) {
    const size_t size = static_cast<size_t>(std::min<off_t>(end, kBlockBytes));
    block.resize(size);
    end -= static_cast<off_t>(size);
    if (pread(fd, block.data(), size, end) != static_cast<ssize_t>(size)) return 0;
    for (size_t i = size; i-- > 0; last_byte = false) {
      if (block[i] != '\n' || last_byte) continue;
      if (--lines == 0) return end + static_cast<off_t>(i) + 1;
    }
  }
  if (!last_byte && lines > 0) --lines;
  return 0;
}

}  // namespace

Result<LogReader> LogReader::Open(const fs::path& data_dir, const InstanceId& id,
                                  std::optional<uint64_t> tail_lines) {
  LogReader reader(InstanceDirectory(data_dir, id));
  std::error_code error;
  if (!fs::is_directory(reader.dir_, error)) {
    return Err(
        ErrorCode::kNotFound,
        "no process of instance {} was started under {}; a provider apart from the node has it "
        "under its own --data, where 'sluice logs NAME --data DIR' reads it",
        id.ToString(), data_dir.string());
  }
  if (tail_lines) reader.SkipToTail(*tail_lines);
  return reader;
}

void LogReader::SkipToTail(uint64_t lines) {
  for (const char* name : {"output.log", "output.log.1"}) {
    UniqueFd file(open((dir_ / name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) continue;
    const off_t offset =
        lines == 0 ? lseek(file.get(), 0, SEEK_END) : TailOffset(file.get(), lines);
    lseek(file.get(), offset, SEEK_SET);
    struct stat info {};
    fstat(file.get(), &info);
    inode_ = info.st_ino;
    file_ = std::move(file);
    if (lines == 0) return;
  }
}

// The file after the one that was read to its end; false when there is none yet.
bool LogReader::OpenNext() {
  const uint64_t current = Inode(dir_ / "output.log");
  const uint64_t older = Inode(dir_ / "output.log.1");
  if (current == 0 || (inode_ != 0 && inode_ == current)) return false;
  const bool continues = older == 0 || inode_ == older;
  UniqueFd next(
      open((dir_ / (continues ? "output.log" : "output.log.1")).c_str(), O_RDONLY | O_CLOEXEC));
  if (!next) return false;
  struct stat info {};
  fstat(next.get(), &info);
  inode_ = info.st_ino;
  file_ = std::move(next);
  return true;
}

Result<std::string> LogReader::Read(size_t bytes_max) {
  std::string text(bytes_max, '\0');
  for (;;) {
    const ssize_t size = file_ ? read(file_.get(), text.data(), bytes_max) : 0;
    if (size < 0) return Err(ErrorCode::kIo, "cannot read the log: {}", strerror(errno));
    if (size == 0 && OpenNext()) continue;
    text.resize(static_cast<size_t>(size));
    return text;
  }
}

bool LogReader::ended() const {
  std::error_code error;
  return !fs::exists(dir_, error);
}

Result<std::string> ReadLog(const fs::path& data_dir, const InstanceId& id,
                            std::optional<uint64_t> tail_lines) {
  Result<LogReader> reader = LogReader::Open(data_dir, id, tail_lines);
  if (!reader) return tl::unexpected(reader.error());
  std::string all;
  for (;;) {
    Result<std::string> more = reader->Read();
    if (!more) return more;
    if (more->empty()) return all;
    all += *more;
  }
}

}  // namespace sluice::local
