#include <rocksdb/db.h>
#include <rocksdb/transaction_log.h>
#include <rocksdb/write_batch.h>

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "bench/recorded_log.h"
#include "engine/journal/record_codec.h"
#include "events/codec.h"
#include "events/envelope.gen.h"

namespace sluice::bench {
namespace {

struct OpenedLog {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> handles;
  std::map<uint32_t, uint32_t> partition_of_family;
  ~OpenedLog() { handles.clear(); }
};

tl::unexpected<Error> LogFailed(const rocksdb::Status& status) {
  return Err(ErrorCode::kIo, "cannot read the journal's own log: {}", status.ToString());
}

Result<void> OpenLog(const std::string& path, OpenedLog* log) {
  rocksdb::Options options;
  options.info_log_level = rocksdb::InfoLogLevel::FATAL_LEVEL;
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!status.ok()) return LogFailed(status);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db);
  if (!status.ok()) return LogFailed(status);
  log->db.reset(db);
  constexpr std::string_view kPrefix = "partition-";
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    log->handles.emplace_back(handle);
    const std::string& name = handle->GetName();
    if (!name.starts_with(kPrefix)) continue;
    const auto number = static_cast<uint32_t>(std::stoul(name.substr(kPrefix.size())));
    log->partition_of_family[handle->GetID()] = number;
  }
  return {};
}

// Takes one write apart.
class WriteReader final : public rocksdb::WriteBatch::Handler {
 public:
  WriteReader(const OpenedLog& log, const std::vector<uint64_t>& from) : log_(log), from_(from) {}

  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    const auto partition = log_.partition_of_family.find(family);
    if (partition == log_.partition_of_family.end()) return rocksdb::Status::OK();
    write.rows.push_back({partition->second, key.ToString(), value.ToString()});
    write.bytes += key.size() + value.size();
    const auto first = journal::ParseKey(journal::KeyFamily::kEvents, key.ToStringView());
    if (first) AddRecords(partition->second, *first, value.ToStringView());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status SingleDeleteCF(uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }

  RecordedWrite write;
  bool wanted = true;

 private:
  void AddRecords(uint32_t partition, uint64_t first, std::string_view batch) {
    wanted = wanted && partition < from_.size() && first >= from_[partition];
    if (!wanted) return;
    std::set<std::string> touched;
    journal::RecordsReader records(batch);
    for (std::string_view bytes; records.Next(&bytes);) {
      ++write.records;
      const auto record = Unpack<LogRecord>(bytes);
      if (!record || !record->decision || !record->decision->command) continue;
      touched.insert(record->decision->command->entity);
    }
    write.entities.insert(write.entities.end(), touched.begin(), touched.end());
  }

  const OpenedLog& log_;
  const std::vector<uint64_t>& from_;
};

}  // namespace

Result<std::vector<RecordedWrite>> ReadRecordedWrites(const std::string& data_dir,
                                                      const std::vector<uint64_t>& from,
                                                      size_t writes_max) {
  OpenedLog log;
  if (auto opened = OpenLog(data_dir + "/journal", &log); !opened) {
    return tl::unexpected<Error>(opened.error());
  }
  rocksdb::VectorLogPtr files;
  rocksdb::Status status = log.db->GetSortedWalFiles(files);
  if (!status.ok()) return LogFailed(status);
  std::deque<RecordedWrite> writes;
  if (files.empty()) return std::vector<RecordedWrite>();
  std::unique_ptr<rocksdb::TransactionLogIterator> at;
  status = log.db->GetUpdatesSince(files.front()->StartSequence(), &at);
  if (!status.ok()) return LogFailed(status);
  for (; at->Valid(); at->Next()) {
    const rocksdb::BatchResult batch = at->GetBatch();
    WriteReader reader(log, from);
    status = batch.writeBatchPtr->Iterate(&reader);
    if (!status.ok()) return LogFailed(status);
    if (!reader.wanted || reader.write.records == 0) continue;
    writes.push_back(std::move(reader.write));
    if (writes.size() > writes_max) writes.pop_front();
  }
  return std::vector<RecordedWrite>(std::make_move_iterator(writes.begin()),
                                    std::make_move_iterator(writes.end()));
}

}  // namespace sluice::bench
