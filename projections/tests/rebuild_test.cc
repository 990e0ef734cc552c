// A store that cannot be used is derived from the log anew.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::Rows;
using testing::StoreTest;
using testing::TestLog;

class RebuildTest : public StoreTest {
 protected:
  RebuildTest() {
    Work(*log_, 120, 5);
    auto store = Open("live");
    EXPECT_TRUE(store->Apply(log_->TakeBatch()));
  }
  // Opens and recovers; the outcome must be what the log says.
  void ExpectRecovered(bool emptied_by_recovery = false) {
    {
      auto store = Open("live");
      ASSERT_NE(store, nullptr);
      const auto recovered = Recover(*store, {.read = log_->Reader(), .end_sequence = log_->end()});
      ASSERT_TRUE(recovered) << recovered.error().message;
      EXPECT_EQ(recovered->rebuilt, emptied_by_recovery);
    }
    EXPECT_EQ(Rows(Path("live")), RowsFromZero(*log_));
  }
  std::vector<std::filesystem::path> Files(const std::string& extension) {
    std::vector<std::filesystem::path> files;
    for (const auto& file :
         std::filesystem::directory_iterator(testing::DatabaseIn(Path("live")))) {
      if (file.path().extension() == extension) files.push_back(file.path());
    }
    return files;
  }

  std::unique_ptr<TestLog> log_ = std::make_unique<TestLog>(LampKinds());
};

TEST_F(RebuildTest, NothingWrongIsNotRebuilt) {
  ExpectRecovered();
  EXPECT_EQ(rebuilt_, "");
}

TEST_F(RebuildTest, AFlippedByteInAFile) {
  const auto files = Files(".sst");
  ASSERT_FALSE(files.empty());
  std::fstream file(files.front(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(20);
  const auto byte = static_cast<char>(file.get() ^ 0x40);
  file.seekp(20);
  file.put(byte);
  file.close();
  ExpectRecovered();
  EXPECT_NE(rebuilt_, "");
}

TEST_F(RebuildTest, AFileThatIsGone) {
  std::filesystem::remove(Files(".sst").back());
  ExpectRecovered();
  EXPECT_NE(rebuilt_, "");
}

TEST_F(RebuildTest, AManifestCutShort) {
  for (const auto& file : std::filesystem::directory_iterator(testing::DatabaseIn(Path("live")))) {
    if (file.path().filename().string().starts_with("MANIFEST")) {
      std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
    }
  }
  ExpectRecovered();
}

TEST_F(RebuildTest, ABuildWithOtherKinds) {
  static const KindRegistry kNone;
  {
    StoreOptions options;
    options.path = Path("live");
    options.kinds = &kNone;
    options.on_rebuild = [this](const std::string& why) { rebuilt_ = why; };
    auto store = PartitionStore::Open(std::move(options));
    ASSERT_TRUE(store);
    EXPECT_EQ((*store)->NextSequence(), 0u);
  }
  EXPECT_NE(rebuilt_.find("another build"), std::string::npos) << rebuilt_;
  ExpectRecovered();
}

TEST_F(RebuildTest, AStoreOfAnotherLog) {
  log_ = std::make_unique<TestLog>(LampKinds());
  Work(*log_, 300, 77);
  ExpectRecovered(/*emptied_by_recovery=*/true);
}

TEST_F(RebuildTest, AStoreAheadOfItsLog) {
  log_ = std::make_unique<TestLog>(LampKinds());
  Work(*log_, 20, 5);
  ExpectRecovered(/*emptied_by_recovery=*/true);
}

TEST_F(RebuildTest, WhoeverReadsMeanwhileGoesOnReading) {
  auto store = Open("live");
  const auto view = store->View();
  const auto loaded = store->Load({"lamp", "default", "lamp-1"});
  const auto before = *view->Get(Lamp(1));
  ASSERT_TRUE(store->Reset());
  EXPECT_EQ(*view->Get(Lamp(1)), before);
  EXPECT_FALSE(store->View()->Get(Lamp(1))->has_value());
  EXPECT_EQ(store->NextSequence(), 0u);
}

TEST_F(RebuildTest, OneProcessAtATime) {
  auto store = Open("live");
  StoreOptions options;
  options.path = Path("live");
  options.kinds = &LampKinds();
  const auto second = PartitionStore::Open(std::move(options));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable) << second.error().message;
}

}  // namespace
}  // namespace sluice
