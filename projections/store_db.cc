#include "projections/store_db.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <vector>

#include "projections/rocks_status.h"
#include "projections/store_db_files.h"
#include "projections/store_db_options.h"
#include "projections/store_keys.h"

namespace sluice {

namespace {

constexpr std::string_view kDamagedFile = "/DAMAGED";
// Above it, opening does not read every block: damage there is found when it is read.
constexpr uint64_t kVerifiedBytesMax = uint64_t{1} << 30;

constexpr std::array<std::string_view, kFamilies> kFamilyNames = {
    "default", "entities", "items", "indexes", "history", "commands", "timers", "counts", "past"};

Bytes FormatValue(const StoreDbOptions& options) {
  std::string value;
  store::AppendBigEndian64(&value, kStoreFormat);
  store::AppendBigEndian64(&value, options.partition);
  value += ToBytes(options.fingerprint);
  return value;
}

uint64_t FileBytes(const StoreDb& store) {
  uint64_t bytes = 0;
  for (auto* family : store.families) {
    uint64_t size = 0;
    store.db->GetIntProperty(family, rocksdb::DB::Properties::kTotalSstFilesSize, &size);
    bytes += size;
  }
  return bytes;
}

}  // namespace

// The format is flushed before anything else, so where it is missing from a store without files
// nothing was ever applied.
std::optional<std::string> Unusable(StoreDb& store, const StoreDbOptions& options, bool* is_new) {
  std::string format;
  const rocksdb::Status got =
      store.db->Get({}, store.family(StoreFamily::kMeta), rocksdb::Slice(kFormatKey), &format);
  const uint64_t bytes = FileBytes(store);
  *is_new = got.IsNotFound() && bytes == 0;
  if (*is_new) return std::nullopt;
  if (!got.ok()) return got.ToString();
  if (format != FormatValue(options)) return "it was written by another build or format";
  // What is frozen has been checked file by file.
  if (store.frozen || bytes > kVerifiedBytesMax) return std::nullopt;
  rocksdb::ReadOptions read;
  read.fill_cache = false;
  const rocksdb::Status sound = store.db->VerifyChecksum(read);
  if (!sound.ok()) return sound.ToString();
  return std::nullopt;
}

rocksdb::Status OpenDatabase(const StoreDbOptions& options, const std::string& directory,
                             bool frozen, std::shared_ptr<StoreDb>* result) {
  auto store = std::make_shared<StoreDb>();
  store->options = options;
  store->directory = directory;
  store->frozen = frozen;
  store->forget_before = std::make_shared<ForgetBefore>(0);
  store->seals = std::make_shared<MemtableSeals>(0);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < kFamilies; ++i) {
    descriptors.emplace_back(
        std::string(kFamilyNames[i]),
        FamilyOptions(static_cast<StoreFamily>(i), options, store->forget_before));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Options set_up = DbOptions(options, store->seals);
  // All its files at once: it can be read on when they are removed.
  if (frozen) set_up.max_open_files = -1;
  const rocksdb::Status opened =
      frozen ? rocksdb::DB::OpenForReadOnly(set_up, directory, descriptors, &handles, &db)
             : rocksdb::DB::Open(set_up, directory, descriptors, &handles, &db);
  if (!opened.ok()) return opened;
  store->db.reset(db);
  for (size_t i = 0; i < kFamilies; ++i) store->families[i] = handles[i];
  *result = std::move(store);
  return opened;
}

namespace {

Result<void> WriteFormat(StoreDb& store, const StoreDbOptions& options) {
  rocksdb::WriteOptions write;
  write.disableWAL = true;
  const rocksdb::Status put = store.db->Put(write, store.family(StoreFamily::kMeta),
                                            rocksdb::Slice(kFormatKey), FormatValue(options));
  if (!put.ok()) return tl::unexpected(ErrorOf(put, "write the format of projections"));
  return FlushStoreDb(store, /*wait=*/true);
}

Result<std::shared_ptr<StoreDb>> MakeEmpty(const StoreDbOptions& options, uint64_t number) {
  std::shared_ptr<StoreDb> store;
  const std::string directory = DatabaseDirectory(options, number);
  if (const auto opened = OpenDatabase(options, directory, /*frozen=*/false, &store);
      !opened.ok()) {
    return tl::unexpected(ErrorOf(opened, "open " + directory));
  }
  if (auto written = WriteFormat(*store, options); !written) {
    return tl::unexpected(written.error());
  }
  return store;
}

}  // namespace

StoreDb::~StoreDb() {
  if (!db) return;
  for (auto* handle : families) {
    if (handle != nullptr) db->DestroyColumnFamilyHandle(handle);
  }
  db.reset();
  // What cannot be removed now is removed by the next OpenStoreDb.
  if (remove_on_close) RemoveDatabase(options, directory);
}

Hash128 BuildFingerprint(const KindRegistry& kinds) {
  std::string text;
  for (const KindInfo* kind : kinds.kinds()) text += kind->name + ' ' + kind->camel + '\n';
  for (const Type* type : AllTypes()) {
    text += std::string(type->name) + ' ' + std::to_string(type->version) + '\n';
    for (const Field& field : type->fields) {
      text += fmt::format("  {} {} {} {} {}\n", field.id, field.name, static_cast<int>(field.shape),
                          static_cast<int>(field.scalar), field.default_bits);
    }
  }
  return Xxh128(text);
}

Result<std::shared_ptr<StoreDb>> OpenStoreDb(const StoreDbOptions& options, std::string* why_new) {
  why_new->clear();
  rocksdb::Env* env = EnvOf(options);
  if (const auto made = env->CreateDirIfMissing(options.path); !made.ok()) {
    return tl::unexpected(ErrorOf(made, "make " + options.path));
  }
  auto numbers = DatabaseNumbers(options);
  if (!numbers) return tl::unexpected(numbers.error());
  // The last one took the place of those before it.
  const uint64_t number = numbers->empty() ? 0 : numbers->back();
  const std::string directory = DatabaseDirectory(options, number);
  bool is_new = false;
  std::shared_ptr<StoreDb> store;
  if (env->FileExists(directory + std::string(kDamagedFile)).ok()) {
    *why_new = "a read found it damaged";
  } else {
    const rocksdb::Status opened = OpenDatabase(options, directory, /*frozen=*/false, &store);
    if (opened.ok()) {
      if (auto why = Unusable(*store, options, &is_new)) *why_new = std::move(*why);
    } else if (IsHeldByAnother(opened) || opened.IsNoSpace()) {
      return tl::unexpected(ErrorOf(opened, "open " + directory));
    } else {
      *why_new = opened.ToString();
    }
  }
  for (const uint64_t earlier : *numbers) {
    if (earlier != number) RemoveDatabase(options, DatabaseDirectory(options, earlier));
  }
  if (why_new->empty()) {
    if (!is_new) return store;
    if (auto written = WriteFormat(*store, options); !written) {
      return tl::unexpected(written.error());
    }
    return store;
  }
  store.reset();
  if (auto removed = RemoveDatabase(options, directory); !removed) {
    return tl::unexpected(removed.error());
  }
  return MakeEmpty(options, number + 1);
}

Result<std::shared_ptr<StoreDb>> ReplaceStoreDb(StoreDb& old) {
  auto numbers = DatabaseNumbers(old.options);
  if (!numbers) return tl::unexpected(numbers.error());
  auto store = MakeEmpty(old.options, numbers->empty() ? 0 : numbers->back() + 1);
  if (store) old.remove_on_close = true;
  return store;
}

Result<void> FlushStoreDb(const StoreDb& store, bool wait) {
  rocksdb::FlushOptions options;
  options.wait = wait;
  options.allow_write_stall = true;
  const std::vector<rocksdb::ColumnFamilyHandle*> all(store.families.begin(), store.families.end());
  const rocksdb::Status flushed = store.db->Flush(options, all);
  if (!flushed.ok()) return tl::unexpected(ErrorOf(flushed, "flush projections"));
  return {};
}

void NoteReadError(const StoreDb& store, const Error& error) {
  // What is frozen is looked through by whoever keeps it.
  if (error.code != ErrorCode::kCorruption || store.frozen) return;
  rocksdb::WriteStringToFile(EnvOf(store.options), error.message,
                             store.directory + std::string(kDamagedFile))
      .PermitUncheckedError();
}

}  // namespace sluice
