#include "projections/write_sink.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "projections/rocks_status.h"

namespace sluice {
namespace {

class BatchSink final : public WriteSink {
 public:
  explicit BatchSink(StoreDb& db) : db_(db) {}

  void Put(StoreFamily family, std::string_view key, std::string_view value) override {
    batch_.Put(db_.family(family), rocksdb::Slice(key), rocksdb::Slice(value));
  }
  void Delete(StoreFamily family, std::string_view key) override {
    batch_.Delete(db_.family(family), rocksdb::Slice(key));
  }
  void Mark(StoreFamily family, std::string_view lead, std::string_view rest,
            bool is_there) override {
    key_.assign(lead).append(rest);
    if (is_there) {
      batch_.Put(db_.family(family), rocksdb::Slice(key_), rocksdb::Slice());
    } else {
      batch_.Delete(db_.family(family), rocksdb::Slice(key_));
    }
  }
  Result<size_t> Commit() override {
    // Counters nobody reads, two look-ups of a thread's own memory for every comparison of keys.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status written = db_.db->Write(options, &batch_);
    const size_t bytes = batch_.GetDataSize();
    batch_.Clear();
    if (!written.ok()) return tl::unexpected(ErrorOf(written, "write projections"));
    return bytes;
  }

 private:
  StoreDb& db_;
  rocksdb::WriteBatch batch_;
  std::string key_;
};

// The file of one family; removed again unless it is taken in.
class SortedFile {
 public:
  SortedFile(StoreDb& db, StoreFamily family)
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

// Rows of an index, put in order by sorting no more than what they begin with.
class MarkedRows {
 public:
  void Add(std::string_view lead, std::string_view rest, bool is_there) {
    auto at = by_lead_.find(lead);
    if (at == by_lead_.end()) at = by_lead_.try_emplace(std::string(lead)).first;
    Rows& rows = at->second;
    rows.ends.push_back({rows.rests.size() + rest.size(), is_there});
    rows.rests.append(rest);
  }

  void WriteTo(SortedFile* file) const {
    std::vector<const Leads::value_type*> ordered;
    for (const auto& rows : by_lead_) ordered.push_back(&rows);
    std::sort(ordered.begin(), ordered.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    std::string key;
    for (const auto* under : ordered) {
      const auto& [lead, rows] = *under;
      size_t begin = 0;
      for (const auto& [end, is_there] : rows.ends) {
        key.assign(lead).append(rows.rests, begin, end - begin);
        begin = end;
        if (is_there) {
          file->Put(key, "");
        } else {
          file->Delete(key);
        }
      }
    }
  }
  bool empty() const { return by_lead_.empty(); }

 private:
  struct Rows {
    std::string rests;
    std::vector<std::pair<size_t, bool>> ends;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Leads = std::unordered_map<std::string, Rows, Hash, std::equal_to<>>;
  Leads by_lead_;
};

// Families whose rows begin with the entity come in their order and are written at once.
class FileSink final : public WriteSink {
 public:
  explicit FileSink(StoreDb& db) : db_(db) {}

  void Put(StoreFamily family, std::string_view key, std::string_view value) override {
    if (IsByEntity(family)) {
      FileOf(family).Put(key, value);
    } else {
      others_[Index(family)].emplace(key, value);
    }
  }
  void Delete(StoreFamily family, std::string_view key) override {
    CHECK(IsByEntity(family));
    FileOf(family).Delete(key);
  }
  void Mark(StoreFamily family, std::string_view lead, std::string_view rest,
            bool is_there) override {
    marked_[Index(family)].Add(lead, rest, is_there);
  }

  Result<size_t> Commit() override {
    std::vector<rocksdb::IngestExternalFileArg> taken;
    for (size_t i = 0; i < kFamilies; ++i) {
      const auto family = static_cast<StoreFamily>(i);
      if (!marked_[i].empty()) marked_[i].WriteTo(&FileOf(family));
      marked_[i] = {};
      for (const auto& [key, value] : others_[i]) FileOf(family).Put(key, value);
      if (!files_[i]) continue;
      if (auto finished = files_[i]->Finish(); !finished) return tl::unexpected(finished.error());
      rocksdb::IngestExternalFileArg& file = taken.emplace_back();
      file.column_family = db_.family(family);
      file.external_files = {files_[i]->path()};
      file.options.move_files = true;
      file.options.write_global_seqno = false;
      file.options.snapshot_consistency = false;
    }
    if (taken.empty()) return 0;
    const rocksdb::Status status = db_.db->IngestExternalFiles(taken);
    if (!status.ok()) return tl::unexpected(ErrorOf(status, "take in replayed projections"));
    return 0;
  }

 private:
  static size_t Index(StoreFamily family) { return static_cast<size_t>(family); }
  static bool IsByEntity(StoreFamily family) {
    switch (family) {
      case StoreFamily::kEntities:
      case StoreFamily::kItems:
      case StoreFamily::kHistory:
      case StoreFamily::kCommands:
      case StoreFamily::kPast:
        return true;
      case StoreFamily::kMeta:
      case StoreFamily::kIndexes:
      case StoreFamily::kTimers:
      case StoreFamily::kCounts:
        return false;
    }
    Unreachable();
  }
  SortedFile& FileOf(StoreFamily family) {
    auto& file = files_[Index(family)];
    if (!file) file = std::make_unique<SortedFile>(db_, family);
    return *file;
  }

  StoreDb& db_;
  std::array<std::unique_ptr<SortedFile>, kFamilies> files_;
  std::array<MarkedRows, kFamilies> marked_;
  std::array<std::map<std::string, std::string>, kFamilies> others_;
};

}  // namespace

std::unique_ptr<WriteSink> MakeBatchSink(StoreDb& db) { return std::make_unique<BatchSink>(db); }

std::unique_ptr<WriteSink> MakeFileSink(StoreDb& db) { return std::make_unique<FileSink>(db); }

}  // namespace sluice
