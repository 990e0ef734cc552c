#include "engine/journal/tests/fault_file_system.h"

#include <rocksdb/file_system.h>

#include <map>
#include <mutex>
#include <utility>

namespace sluice {
namespace {

struct Shared {
  mutable std::mutex mutex;
  Fault fault = Fault::kNone;
  uint64_t syncs = 0;
  std::map<std::string, uint64_t> synced_bytes;
};

class FaultFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, Shared& shared)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), shared_(shared) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.fault == Fault::kAppend) return rocksdb::IOStatus::IOError("injected: append");
    if (shared_.fault == Fault::kShortAppend) {
      const rocksdb::Slice half(data.data(), data.size() / 2);
      if (auto status = FSWritableFileOwnerWrapper::Append(half, options, debug); !status.ok()) {
        return status;
      }
      return rocksdb::IOStatus::NoSpace("injected: half of an append");
    }
    written_ += data.size();
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }

  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.fault == Fault::kSync) return rocksdb::IOStatus::IOError("injected: sync");
    auto status = FSWritableFileOwnerWrapper::Sync(options, debug);
    if (status.ok()) {
      ++shared_.syncs;
      shared_.synced_bytes[name_] = written_;
    }
    return status;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }

  // A file system in memory fills what is allocated ahead, which takes longer than the test.
  void PrepareWrite(size_t, size_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {}

 private:
  const std::string name_;
  Shared& shared_;
  uint64_t written_ = 0;
};

class FaultingFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultingFiles(Shared& shared)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), shared_(shared) {}

  const char* Name() const override { return "FaultingFiles"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (status.ok() && name.ends_with(".log")) {
      *file = std::make_unique<FaultFile>(std::move(*file), name, shared_);
    }
    return status;
  }

 private:
  Shared& shared_;
};

}  // namespace

struct FaultFileSystem::Rep {
  Shared shared;
  std::unique_ptr<rocksdb::Env> env =
      rocksdb::NewCompositeEnv(std::make_shared<FaultingFiles>(shared));
};

FaultFileSystem::FaultFileSystem() : rep_(std::make_unique<Rep>()) {}
FaultFileSystem::~FaultFileSystem() = default;

rocksdb::Env* FaultFileSystem::env() { return rep_->env.get(); }

void FaultFileSystem::Set(Fault fault) {
  const std::lock_guard lock(rep_->shared.mutex);
  rep_->shared.fault = fault;
}

uint64_t FaultFileSystem::syncs() const {
  const std::lock_guard lock(rep_->shared.mutex);
  return rep_->shared.syncs;
}

void FaultFileSystem::LoseUnsynced(const std::filesystem::path& original,
                                   const std::filesystem::path& copy) const {
  const std::lock_guard lock(rep_->shared.mutex);
  for (const auto& entry : std::filesystem::directory_iterator(copy)) {
    if (entry.path().extension() != ".log") continue;
    const auto synced =
        rep_->shared.synced_bytes.find((original / entry.path().filename()).string());
    const uint64_t size = synced == rep_->shared.synced_bytes.end() ? 0 : synced->second;
    std::filesystem::resize_file(entry.path(), size);
  }
}

}  // namespace sluice
