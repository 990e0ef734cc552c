#include "projections/tests/store_fixture.h"

#include <rocksdb/db.h>

#include <cstdlib>

#include "projections/store_keys.h"
#include "projections/store_mentions.h"

namespace sluice::testing {
namespace {

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return hex;
}

// What a past row is about: its key without the waypoint's number.
std::string_view PastItem(std::string_view row) {
  constexpr size_t kNumberInHex = 16;
  return row.substr(0, row.size() - kNumberInHex);
}

// An item that came and went between two waypoints was not there at either: batch by batch that is
// said by a row, folded at once it is not.
void DropGoneAgain(std::map<std::string, std::string>* rows) {
  const std::string* before = nullptr;  // the row of the same item at the waypoint before
  for (auto at = rows->lower_bound("past "); at != rows->end() && at->first.starts_with("past ");) {
    const bool same_item = before != nullptr && PastItem(*before) == PastItem(at->first);
    const bool was_there = same_item && !rows->at(*before).empty();
    if (at->second.empty() && !was_there) {
      at = rows->erase(at);
      continue;
    }
    before = &at->first;
    ++at;
  }
}

using RowTexts = std::map<std::string, std::string>;

void AddCommand(std::string_view prefix, Hash128 id, const RememberedCommand& command,
                RowTexts* rows) {
  std::string value;
  store::EncodeCommand(command, &value);
  (*rows)["commands " + Hex(store::CommandRow(prefix, id))] = Hex(value);
}

// How many batches a decision came in says where it is kept of it; what is kept is the same.
void AddRow(const std::string& family, const std::string& key, std::string value, RowTexts* rows) {
  if (family == "history") {
    const std::string prefix = key.substr(0, key.size() - 8);
    std::vector<uint64_t> sequences;
    EXPECT_TRUE(
        store::DecodeHistory(store::ReadBigEndian64(key.substr(prefix.size())), value, &sequences));
    for (const uint64_t sequence : sequences) {
      (*rows)["history " + Hex(prefix) + " " + std::to_string(sequence)] = "";
    }
    return;
  }
  if (family == "entities") {
    const auto tail = store::DecodeEntityTail(value);
    ASSERT_TRUE(tail) << tail.error().message;
    for (const uint64_t sequence : tail->recent.decisions()) {
      (*rows)["history " + Hex(key) + " " + std::to_string(sequence)] = "";
    }
    for (const auto& [id, command] : tail->recent.commands()) AddCommand(key, id, command, rows);
    std::string_view rest = value;
    uint64_t decisions = 0;
    uint64_t recent = 0;
    ASSERT_TRUE(store::TakeVarint(&rest, &decisions) && store::TakeVarint(&rest, &recent));
    value = std::to_string(decisions) + " " + std::string(rest.substr(recent));
  }
  // An id that was forgotten and used again is recent: that holds. Entities come before commands.
  rows->try_emplace(family + " " + Hex(key), Hex(value));
}

}  // namespace

std::string DatabaseIn(const std::string& path) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    found.push_back(entry.path().string());
  }
  EXPECT_EQ(found.size(), 1u);
  return found.empty() ? path : found.front();
}

std::map<std::string, std::string> Rows(const std::string& store) {
  const std::string path = DatabaseIn(store);
  rocksdb::Options options;
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(options, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto opened = rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db);
  EXPECT_TRUE(opened.ok()) << opened.ToString();
  std::map<std::string, std::string> rows;
  for (size_t i = 0; i < handles.size(); ++i) {
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator({}, handles[i]));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      AddRow(names[i], at->key().ToString(), at->value().ToString(), &rows);
    }
    EXPECT_TRUE(at->status().ok());
    // Counts that fell to zero are rows only where they were not zero before.
  }
  std::erase_if(rows, [](const auto& row) {
    return row.first.starts_with("counts ") && row.second == "0000000000000000";
  });
  DropGoneAgain(&rows);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
  return rows;
}

StoreTest::StoreTest() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-store-XXXXXX").string();
  root_ = mkdtemp(pattern.data());
}

StoreTest::~StoreTest() { std::filesystem::remove_all(root_); }

std::string StoreTest::Killed(const std::string& from, const std::string& name) const {
  std::filesystem::copy(Path(from), Path(name), std::filesystem::copy_options::recursive);
  return name;
}

std::unique_ptr<PartitionStore> StoreTest::Open(const std::string& name, ChangeFeed* feed) {
  StoreOptions options;
  options.path = Path(name);
  options.kinds = &LampKinds();
  options.feed = feed;
  options.flush_decisions = flush_decisions_;
  options.on_rebuild = [this](const std::string& why) { rebuilt_ = why; };
  auto store = PartitionStore::Open(std::move(options));
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

std::map<std::string, std::string> StoreTest::RowsFromZero(const TestLog& log) {
  const std::string name = "from-zero-" + std::to_string(from_zero_++);
  {
    auto store = Open(name);
    const auto recovered = Recover(*store, {.read = log.Reader(), .end_sequence = log.end()});
    EXPECT_TRUE(recovered) << recovered.error().message;
  }
  return Rows(Path(name));
}

void StoreTest::Work(TestLog& log, int steps, uint64_t seed) {
  constexpr int kLamps = 7;
  // One that never comes into being may be observed all the same.
  if (seed % 2 == 1) {
    log.Send(Lamp(kLamps), Observe{.observer = Lamp(0)});
  } else {
    log.Send(Lamp(kLamps), Unobserve{.observer = Lamp(0)});
  }
  for (int step = 1; step < steps; ++step) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const std::string lamp = Lamp(static_cast<int>((seed >> 33) % kLamps));
    switch ((seed >> 40) % 8) {
      case 0:
        log.Send(lamp, Delete{});
        break;
      case 1:
      case 2:
        log.Send(lamp,
                 LampApply{.spec = {.color = (seed & 256) != 0 ? "red" : "blue", .room = "hall"},
                           .labels = {{"size", (seed & 512) != 0 ? "big" : "small"}}},
                 "apply-" + std::to_string(step));
        break;
      case 3:
        log.Open();
        break;
      default:
        log.Send(lamp, PressLamp{}, (seed & 1024) != 0 ? "press-" + std::to_string(step) : "");
    }
  }
}

}  // namespace sluice::testing
