#include "projections/write_sink.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "projections/rocks_status.h"

namespace sluice {
namespace {

class BatchSink final : public WriteSink {
 public:
  explicit BatchSink(StoreDb& db) : db_(db) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    batch_.Put(db_.family(family), rocksdb::Slice(key), rocksdb::Slice(value));
  }
  void Delete(Family family, std::string_view key) override {
    batch_.Delete(db_.family(family), rocksdb::Slice(key));
  }
  Result<void> Commit() override {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status written = db_.db->Write(options, &batch_);
    batch_.Clear();
    if (!written.ok()) return tl::unexpected(ErrorOf(written, "write projections"));
    return {};
  }

 private:
  StoreDb& db_;
  rocksdb::WriteBatch batch_;
};

// The file of one family; removed again unless it is taken in.
class SortedFile {
 public:
  SortedFile(StoreDb& db, Family family)
      : env_(db.db->GetEnv()),
        path_(db.directory + "/ingest-" + std::to_string(static_cast<int>(family)) + ".sst"),
        writer_(rocksdb::EnvOptions(),
                rocksdb::Options(db.db->GetDBOptions(), db.db->GetOptions(db.family(family))),
                db.family(family), /*invalidate_page_cache=*/false) {
    env_->DeleteFile(path_).PermitUncheckedError();  // of a replay that was cut off
    status_ = writer_.Open(path_);
  }
  ~SortedFile() { env_->DeleteFile(path_).PermitUncheckedError(); }
  SortedFile(const SortedFile&) = delete;
  SortedFile& operator=(const SortedFile&) = delete;

  // Ascending by key.
  void Put(std::string_view key, std::string_view value) {
    if (status_.ok()) status_ = writer_.Put(key, value);
  }
  void Delete(std::string_view key) {
    if (status_.ok()) status_ = writer_.Delete(key);
  }
  Result<void> Finish() {
    if (status_.ok()) status_ = writer_.Finish();
    if (!status_.ok()) return tl::unexpected(ErrorOf(status_, "write " + path_));
    return {};
  }
  const std::string& path() const { return path_; }

 private:
  rocksdb::Env* const env_;
  const std::string path_;
  rocksdb::SstFileWriter writer_;
  rocksdb::Status status_;
};

// Rows in no order, side by side in memory.
class RowBuffer {
 public:
  void Add(std::string_view key, std::string_view value, bool deleted) {
    rows_.push_back({bytes_.size(), static_cast<uint32_t>(key.size()),
                     static_cast<uint32_t>(value.size()), deleted});
    bytes_.append(key);
    bytes_.append(value);
  }

  void WriteTo(SortedFile* file) {
    const auto by_key = [this](const Row& a, const Row& b) { return KeyOf(a) < KeyOf(b); };
    std::stable_sort(rows_.begin(), rows_.end(), by_key);
    for (size_t i = 0; i < rows_.size(); ++i) {
      const std::string_view key = KeyOf(rows_[i]);
      // Of rows with one key the last holds.
      if (i + 1 < rows_.size() && KeyOf(rows_[i + 1]) == key) continue;
      if (rows_[i].deleted) {
        file->Delete(key);
      } else {
        file->Put(key, {key.data() + key.size(), rows_[i].value_size});
      }
    }
  }
  bool empty() const { return rows_.empty(); }

 private:
  struct Row {
    size_t at;
    uint32_t key_size;
    uint32_t value_size;
    bool deleted;
  };
  std::string_view KeyOf(const Row& row) const { return {bytes_.data() + row.at, row.key_size}; }

  std::string bytes_;
  std::vector<Row> rows_;
};

// Families whose rows begin with the entity come in their order and are written at once; the others
// are sorted first.
class FileSink final : public WriteSink {
 public:
  explicit FileSink(StoreDb& db) : db_(db) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    if (IsByEntity(family)) {
      FileOf(family).Put(key, value);
    } else {
      unsorted_[static_cast<size_t>(family)].Add(key, value, /*deleted=*/false);
    }
  }
  void Delete(Family family, std::string_view key) override {
    if (IsByEntity(family)) {
      FileOf(family).Delete(key);
    } else {
      unsorted_[static_cast<size_t>(family)].Add(key, "", /*deleted=*/true);
    }
  }

  Result<void> Commit() override {
    std::vector<rocksdb::IngestExternalFileArg> taken;
    for (size_t i = 0; i < kFamilies; ++i) {
      const auto family = static_cast<Family>(i);
      if (!unsorted_[i].empty()) unsorted_[i].WriteTo(&FileOf(family));
      unsorted_[i] = {};
      if (!files_[i]) continue;
      if (auto finished = files_[i]->Finish(); !finished) return finished;
      rocksdb::IngestExternalFileArg& file = taken.emplace_back();
      file.column_family = db_.family(family);
      file.external_files = {files_[i]->path()};
      file.options.move_files = true;
      file.options.write_global_seqno = false;
      file.options.snapshot_consistency = false;
    }
    if (taken.empty()) return {};
    const rocksdb::Status status = db_.db->IngestExternalFiles(taken);
    if (!status.ok()) return tl::unexpected(ErrorOf(status, "take in replayed projections"));
    return {};
  }

 private:
  static bool IsByEntity(Family family) {
    switch (family) {
      case Family::kEntities:
      case Family::kItems:
      case Family::kHistory:
      case Family::kCommands:
        return true;
      case Family::kMeta:
      case Family::kIndexes:
      case Family::kTimers:
      case Family::kCounts:
        return false;
    }
    Unreachable();
  }
  SortedFile& FileOf(Family family) {
    auto& file = files_[static_cast<size_t>(family)];
    if (!file) file = std::make_unique<SortedFile>(db_, family);
    return *file;
  }

  StoreDb& db_;
  std::array<std::unique_ptr<SortedFile>, kFamilies> files_;
  std::array<RowBuffer, kFamilies> unsorted_;
};

}  // namespace

std::unique_ptr<WriteSink> MakeBatchSink(StoreDb& db) { return std::make_unique<BatchSink>(db); }

std::unique_ptr<WriteSink> MakeFileSink(StoreDb& db) { return std::make_unique<FileSink>(db); }

}  // namespace sluice
