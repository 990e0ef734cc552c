#include "engine/journal/embedded_import.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sluice {
namespace {

namespace fs = std::filesystem;

Result<void> SyncDirectory(const fs::path& path) {
  const int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && fsync(directory) == 0;
  const int reason = errno;
  if (directory >= 0) close(directory);
  if (synced) return {};
  return Err(ErrorCode::kIo, "{} cannot be synced: {}", path.string(), std::strerror(reason));
}

}  // namespace

Result<std::unique_ptr<EmbeddedImport>> EmbeddedImport::Begin(const std::string& path,
                                                              const ImportSource& source,
                                                              const Clock& clock) {
  const fs::path place(path);
  std::error_code error;
  if (fs::exists(place, error)) {
    return Err(ErrorCode::kInvalid, "{} has a log already; give a directory without one",
               place.parent_path().string());
  }
  fs::create_directories(place.parent_path(), error);
  if (!error) fs::remove_all(UnfinishedPath(path), error);
  if (error) {
    return Err(ErrorCode::kIo, "{}: {}", place.parent_path().string(), error.message());
  }
  std::unique_ptr<EmbeddedImport> begun(new EmbeddedImport);
  begun->path_ = path;
  EmbeddedOptions options;
  options.path = UnfinishedPath(path);
  options.partitions = source.partitions;
  options.clock = &clock;
  options.on_fatal = [](const Error&) {};
  auto journal = EmbeddedJournal::Open(options);
  if (!journal) return tl::unexpected<Error>(std::move(journal.error()));
  begun->journal_ = std::move(*journal);
  auto import = JournalImport::Begin(*begun->journal_);
  if (!import) return tl::unexpected<Error>(std::move(import.error()));
  begun->import_ = std::move(*import);
  return begun;
}

EmbeddedImport::~EmbeddedImport() {
  import_.reset();
  journal_.reset();
  std::error_code ignored;
  fs::remove_all(UnfinishedPath(path_), ignored);
}

Result<void> EmbeddedImport::Finish() {
  import_.reset();
  journal_.reset();
  std::error_code error;
  fs::rename(UnfinishedPath(path_), path_, error);
  if (error) return Err(ErrorCode::kIo, "{}: {}", path_, error.message());
  return SyncDirectory(fs::path(path_).parent_path());
}

}  // namespace sluice
