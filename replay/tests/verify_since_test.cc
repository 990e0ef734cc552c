// Verify from stores of an earlier position: what came since is checked as verify does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "replay/tests/recorded.h"
#include "replay/verify.h"
#include "replay/verify_partition.h"

namespace sluice::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VerifySinceTest : public ::testing::Test {
 protected:
  VerifySinceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-since-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    RunPoolDry(recorded_);
    recorded_.Send("network/default/extra", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})", "once");
    const auto archive = recorded_.Archive();
    for (uint32_t partition = 0; partition < archive->partitions(); ++partition) {
      bases_.push_back(FrozenAt(*archive, partition, archive->End(partition)));
    }
    // Since: a repeated id, a new object, one that was there before, its end.
    recorded_.Send("network/default/extra", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})", "once");
    recorded_.Send("network/default/late", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})");
    recorded_.Send("network/default/shop", "Apply", R"({"labels":{"a":"b"}})");
    recorded_.Send("network/default/default", "Delete", "{}");
    recorded_.Advance(Duration::Seconds(5));
  }
  ~VerifySinceTest() override {
    bases_.clear();
    std::filesystem::remove_all(root_);
  }

  std::shared_ptr<PartitionStore> FrozenAt(const Archive& archive, uint32_t partition,
                                           uint64_t next) {
    const std::string path = (root_ / std::to_string(partition)).string();
    StoreOptions options;
    options.path = path;
    options.partition = partition;
    options.kinds = &archive.kinds();
    auto store = PartitionStore::Open(options);
    EXPECT_TRUE(store);
    RecoveryOptions recovery;
    recovery.read = [&](uint64_t from, const EventVisitor& visit) {
      return archive.Read(partition, from, [&](uint64_t sequence, std::string_view bytes) {
        return sequence < next && visit(sequence, bytes);
      });
    };
    EXPECT_TRUE(Recover(**store, recovery));
    options.path = path + "-frozen";
    EXPECT_TRUE((*store)->Checkpoint(options.path));
    auto frozen = PartitionStore::OpenFrozen(options);
    EXPECT_TRUE(frozen) << frozen.error().message;
    return std::move(*frozen);
  }

  Verified Since(const Archive& archive) {
    VerifyOptions options;
    options.build = "test";
    auto verified = VerifySince(archive, bases_, options);
    EXPECT_TRUE(verified) << verified.error().message;
    return *std::move(verified);
  }
  bool IsSince(const LogRecord& record) const {
    return record.decision && record.sequence >= bases_[record.partition]->NextSequence();
  }
  // The first decision since for which `which` holds is changed.
  Divergence FoundAfter(const std::function<bool(const Decision&)>& which,
                        const std::function<void(Decision&)>& change) {
    bool changed = false;
    const auto archive = recorded_.Archive([&](LogRecord& record) {
      if (changed || !IsSince(record) || !which(*record.decision)) return;
      changed = true;
      position_ = {record.partition, record.sequence};
      change(*record.decision);
    });
    EXPECT_TRUE(changed);
    const Verified verified = Since(*archive);
    EXPECT_TRUE(verified.first.has_value());
    return verified.first.value_or(Divergence{});
  }

  Recorded recorded_;
  std::filesystem::path root_;
  std::vector<std::shared_ptr<PartitionStore>> bases_;
  DecisionPosition position_;
};

TEST_F(VerifySinceTest, ASoundLogIsSoundAndOnlyItsEndIsRead) {
  const auto archive = recorded_.Archive();
  const Verified verified = Since(*archive);
  EXPECT_FALSE(verified.first) << verified.first->message;
  uint64_t records = 0;
  for (uint32_t partition = 0; partition < archive->partitions(); ++partition) {
    records += archive->End(partition) - bases_[partition]->NextSequence();
    EXPECT_EQ(verified.partitions[partition].begin, bases_[partition]->NextSequence());
    EXPECT_EQ(verified.partitions[partition].end, archive->End(partition));
  }
  EXPECT_GT(records, 10u);
  EXPECT_EQ(verified.records(), records);
}

TEST_F(VerifySinceTest, AChangedHashIsFound) {
  const Divergence found = FoundAfter(
      [](const Decision& decision) {
        return decision.command && decision.command->entity == "network/default/shop";
      },
      [](Decision& decision) { decision.state_hash.lo ^= 1; });
  EXPECT_EQ(found.check, "I5");
  EXPECT_EQ(found.position, position_);
  EXPECT_EQ(found.entity, "network/default/shop");
}

TEST_F(VerifySinceTest, AnIdThatWasUsedBeforeAndIsDecidedAgainIsFound) {
  const Divergence found =
      FoundAfter([](const Decision& decision) { return decision.verdict == Verdict::kDuplicate; },
                 [](Decision& decision) { decision.duplicate_of->sequence += 1; });
  EXPECT_EQ(found.check, "dedup");
  EXPECT_THAT(found.message, HasSubstr("id 'once'"));
  EXPECT_EQ(found.position, position_);
}

TEST_F(VerifySinceTest, ALogThatDoesNotChainToThemIsFound) {
  bool changed = false;
  const auto archive = recorded_.Archive(
      [&](LogRecord& record) {
        if (changed || !IsSince(record)) return;
        changed = true;
        position_ = {record.partition, record.sequence};
        record.previous.lo ^= 1;
      },
      /*rechain=*/false);
  const Verified verified = Since(*archive);
  ASSERT_TRUE(verified.first);
  EXPECT_EQ(verified.first->check, "I3");
  EXPECT_EQ(verified.first->position, position_);
}

// What the engine keeps beside a state is no part of its hash, so this alone sees it.
TEST_F(VerifySinceTest, ARecordOfTheProjectionsDiffersInWhatWasChanged) {
  const EntityKey key = *ParseEntityKey("network/default/extra");
  const auto partition = recorded_.Archive()->PartitionOf(key.ToString());
  auto stored = bases_[partition]->View()->Get(key.ToString());
  ASSERT_TRUE(stored && *stored);
  const auto folded = bases_[partition]->Load(key);
  ASSERT_TRUE(folded);
  EXPECT_TRUE(DiffRecord(**stored, *folded).empty());
  const auto differs = [&](const std::function<void(EntityRecord&)>& change) {
    EntityRecord changed = **stored;
    change(changed);
    std::vector<std::string> paths;
    for (const FieldDiff& diff : DiffRecord(changed, *folded)) paths.push_back(diff.path);
    return paths;
  };
  EXPECT_THAT(differs([](EntityRecord& record) { record.marks.quarantined = "why"; }),
              ElementsAre("marks.quarantined"));
  EXPECT_THAT(differs([](EntityRecord& record) { ++record.version; }), ElementsAre("version"));
  EXPECT_THAT(differs([](EntityRecord& record) { ++record.sequence; }), ElementsAre("sequence"));
  EXPECT_THAT(differs([](EntityRecord& record) { record.item_hash_sum.lo ^= 1; }),
              ElementsAre("itemHashSum"));
  EXPECT_THAT(differs([](EntityRecord& record) { record.root.clear(); }), ElementsAre("root"));
}

}  // namespace
}  // namespace sluice::replay
