#include "projections/write_sink.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/perf_level.h>
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
    // Counters nobody reads, two look-ups of a thread's own memory for every comparison of keys.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
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

class FileSink final : public WriteSink {
 public:
  explicit FileSink(StoreDb& db) : db_(db) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    rows_[static_cast<size_t>(family)].push_back({std::string(key), std::string(value)});
  }
  void Delete(Family family, std::string_view key) override {
    rows_[static_cast<size_t>(family)].push_back({std::string(key), std::nullopt});
  }

  Result<void> Commit() override {
    std::vector<rocksdb::IngestExternalFileArg> files;
    for (size_t i = 0; i < kFamilies; ++i) {
      auto& rows = rows_[i];
      if (rows.empty()) continue;
      const auto family = static_cast<Family>(i);
      rocksdb::IngestExternalFileArg file;
      file.column_family = db_.family(family);
      file.external_files = {db_.directory + "/ingest-" + std::to_string(i) + ".sst"};
      file.options.move_files = true;
      file.options.write_global_seqno = false;
      file.options.snapshot_consistency = false;
      if (auto written = WriteFile(family, rows, file.external_files.front()); !written) {
        return written;
      }
      rows = {};
      files.push_back(std::move(file));
    }
    if (files.empty()) return {};
    const rocksdb::Status taken = db_.db->IngestExternalFiles(files);
    if (!taken.ok()) return tl::unexpected(ErrorOf(taken, "take in replayed projections"));
    return {};
  }

 private:
  struct Row {
    std::string key;
    std::optional<std::string> value;  // absent: deleted
  };

  Result<void> WriteFile(Family family, std::vector<Row>& rows, const std::string& path) {
    const auto by_key = [](const Row& a, const Row& b) { return a.key < b.key; };
    if (!std::is_sorted(rows.begin(), rows.end(), by_key)) {
      std::stable_sort(rows.begin(), rows.end(), by_key);
    }
    rocksdb::Options options(db_.db->GetDBOptions(), db_.db->GetOptions(db_.family(family)));
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options, db_.family(family));
    db_.db->GetEnv()->DeleteFile(path).PermitUncheckedError();  // of a replay that was cut off
    rocksdb::Status status = writer.Open(path);
    for (size_t i = 0; status.ok() && i < rows.size(); ++i) {
      // Of rows with one key the last holds.
      if (i + 1 < rows.size() && rows[i + 1].key == rows[i].key) continue;
      status = rows[i].value ? writer.Put(rows[i].key, *rows[i].value) : writer.Delete(rows[i].key);
    }
    if (status.ok()) status = writer.Finish();
    if (!status.ok()) return tl::unexpected(ErrorOf(status, "write " + path));
    return {};
  }

  StoreDb& db_;
  std::array<std::vector<Row>, kFamilies> rows_;
};

}  // namespace

std::unique_ptr<WriteSink> MakeBatchSink(StoreDb& db) { return std::make_unique<BatchSink>(db); }

std::unique_ptr<WriteSink> MakeFileSink(StoreDb& db) { return std::make_unique<FileSink>(db); }

}  // namespace sluice
