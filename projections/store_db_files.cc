#include "projections/store_db_files.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>

#include "projections/rocks_status.h"

namespace sluice {
namespace {

rocksdb::Status CopyFile(rocksdb::Env* env, const std::string& from, const std::string& to) {
  std::string bytes;
  const rocksdb::Status read = rocksdb::ReadFileToString(env, from, &bytes);
  return read.ok() ? rocksdb::WriteStringToFile(env, bytes, to, /*should_sync=*/true) : read;
}

rocksdb::Status SyncDirectory(rocksdb::Env* env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> directory;
  const rocksdb::Status opened = env->NewDirectory(path, &directory);
  return opened.ok() ? directory->Fsync() : opened;
}

}  // namespace

rocksdb::Env* EnvOf(const StoreDbOptions& options) {
  return options.env != nullptr ? options.env : rocksdb::Env::Default();
}

std::string DatabaseDirectory(const StoreDbOptions& options, uint64_t number) {
  return options.path + "/" + std::to_string(number);
}

Result<std::vector<uint64_t>> DatabaseNumbers(const StoreDbOptions& options) {
  std::vector<std::string> names;
  const rocksdb::Status listed = EnvOf(options)->GetChildren(options.path, &names);
  if (!listed.ok()) return tl::unexpected(ErrorOf(listed, "read " + options.path));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    uint64_t number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size()) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// Everything in the directory is ours; DestroyDB would stop at a manifest it cannot read.
Result<void> RemoveDatabase(const StoreDbOptions& options, const std::string& directory) {
  rocksdb::Env* env = EnvOf(options);
  std::vector<std::string> files;
  rocksdb::Status status = env->GetChildren(directory, &files);
  for (const std::string& file : files) {
    if (file == "." || file == "..") continue;
    const rocksdb::Status deleted = env->DeleteFile(directory + "/" + file);
    if (!deleted.ok() && !deleted.IsNotFound()) status = deleted;
  }
  if (status.ok()) status = env->DeleteDir(directory);
  if (!status.ok() && !status.IsNotFound()) {
    return tl::unexpected(ErrorOf(status, "remove " + directory));
  }
  return {};
}

Result<void> LinkDatabase(const StoreDbOptions& options, const std::string& from,
                          const std::string& to) {
  rocksdb::Env* env = EnvOf(options);
  std::vector<std::string> files;
  rocksdb::Status status = env->GetChildren(from, &files);
  if (status.ok()) status = env->CreateDir(to);
  for (const std::string& file : files) {
    if (!status.ok()) break;
    if (file == "." || file == "..") continue;
    const std::string source = from + "/" + file;
    const std::string target = to + "/" + file;
    status =
        file.ends_with(".sst") ? env->LinkFile(source, target) : rocksdb::Status::NotSupported();
    // On another file system, say.
    if (!status.ok()) status = CopyFile(env, source, target);
  }
  if (status.ok()) status = SyncDirectory(env, to);
  if (!status.ok()) return tl::unexpected(ErrorOf(status, "link " + from + " to " + to));
  return {};
}

}  // namespace sluice
