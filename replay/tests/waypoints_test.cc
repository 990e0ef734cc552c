// Waypoints shorten the way to a position and change no answer; verify compares them with the fold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <set>
#include <utility>

#include "events/json.h"
#include "projections/store_view.h"
#include "replay/causes.h"
#include "replay/tests/recorded.h"
#include "replay/timeline.h"
#include "replay/verify.h"

namespace sluice::replay {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLong = "network/default/default";
constexpr const char* kRegistry = "registry/default/locations";

// A log with projections beside it.
class WithStores final : public Archive {
 public:
  WithStores(const MemoryArchive& log, std::vector<std::unique_ptr<PartitionStore>> stores)
      : log_(log), stores_(std::move(stores)) {}

  const KindRegistry& kinds() const override { return log_.kinds(); }
  uint32_t partitions() const override { return log_.partitions(); }
  uint64_t End(uint32_t partition) const override { return log_.End(partition); }
  Result<uint64_t> LogEnd(uint32_t partition) const override { return log_.LogEnd(partition); }
  Result<void> Read(uint32_t partition, uint64_t from, const EventVisitor& visit) const override {
    return log_.Read(partition, from, visit);
  }
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const EventVisitor& visit) const override {
    return log_.ReadRecords(partition, sequences, visit);
  }
  Result<std::vector<uint64_t>> Sequences(std::string_view entity, uint64_t from,
                                          size_t limit) const override {
    return ViewOf(entity)->History(entity, from, limit);
  }
  Result<std::vector<uint64_t>> FoldedSequences(std::string_view entity, uint64_t from,
                                                size_t limit) const override {
    return ViewOf(entity)->FoldedHistory(entity, from, limit);
  }
  Result<std::vector<uint64_t>> LastSequences(std::string_view entity, uint64_t end,
                                              size_t limit) const override {
    return ViewOf(entity)->LastHistory(entity, end, limit);
  }
  Result<std::optional<PastStart>> StartBefore(std::string_view entity,
                                               uint64_t end) const override {
    const KindInfo* kind = kinds().Find(entity.substr(0, entity.find('/')));
    return WaypointBefore(ViewOf(entity), *kind, entity, end);
  }
  Result<void> ScanEntities(std::string_view kind, std::optional<std::string_view> namespace_,
                            const EntityVisitor& visit) const override {
    return log_.ScanEntities(kind, namespace_, visit);
  }
  std::shared_ptr<const StoreView> Projections(uint32_t partition) const override {
    return stores_[partition]->View();
  }

 private:
  std::shared_ptr<const StoreView> ViewOf(std::string_view entity) const {
    return stores_[PartitionOf(entity)]->View();
  }

  const MemoryArchive& log_;
  const std::vector<std::unique_ptr<PartitionStore>> stores_;
};

// A network that is changed again and again, refusals among it, and a registry that many join.
// In its middle the network has `note` as an annotation.
std::unique_ptr<Recorded> LongLives(const std::string& note) {
  auto recorded = std::make_unique<Recorded>();
  recorded->Send("clusterconfig/sluice-system/cluster", "Apply",
                 R"({"spec":{"localIpv4Pools":["127.64.0.0/16"]}})");
  for (int i = 0; i < 600; ++i) {
    recorded->Send(kLong, "Apply",
                   fmt::format(R"({{"spec":{{"ipFamilies":["IPv4"]}},"labels":{{"n":"{}"}},
                                   "annotations":{{"note":"{}"}}}})",
                               i % 7, i > 90 && i < 400 ? note : ""));
    if (i % 9 == 0) recorded->Send(kLong, "Apply", R"({"spec":{"ipFamilies":["IPv6"]}})");
    if (i % 3 != 0) continue;
    recorded->Send(fmt::format("location/default/at-{}", i % 140),
                   i % 42 == 39 ? "Delete" : "Apply",
                   i % 42 == 39 ? "{}"
                                : fmt::format(R"({{"spec":{{"provider":"local"}},
                                                   "labels":{{"n":"{}"}}}})",
                                              i % 11));
  }
  return recorded;
}

class WaypointsTest : public ::testing::Test {
 protected:
  WaypointsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-way-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    recorded_ = LongLives("one");
    log_ = recorded_->Archive();
  }
  ~WaypointsTest() override {
    archive_.reset();
    std::filesystem::remove_all(root_);
  }

  // `log_` beside projections derived from `derived`.
  void Open(const MemoryArchive& derived) {
    std::vector<std::unique_ptr<PartitionStore>> stores;
    for (uint32_t partition = 0; partition < derived.partitions(); ++partition) {
      StoreOptions options;
      options.path = (root_ / std::to_string(partition)).string();
      options.partition = partition;
      options.kinds = &derived.kinds();
      auto store = PartitionStore::Open(options);
      ASSERT_TRUE(store);
      RecoveryOptions recovery;
      recovery.read = [&](uint64_t from, const EventVisitor& visit) {
        return derived.Read(partition, from, visit);
      };
      const auto recovered = Recover(**store, recovery);
      ASSERT_TRUE(recovered) << recovered.error().message;
      stores.push_back(std::move(*store));
    }
    archive_ = std::make_unique<WithStores>(*log_, std::move(stores));
  }

  std::filesystem::path root_;
  std::unique_ptr<Recorded> recorded_;
  std::unique_ptr<MemoryArchive> log_;
  std::unique_ptr<WithStores> archive_;
};

// Root, marks and every item.
std::string Show(const PastEntity& entity) {
  if (entity.state == nullptr) return "never";
  std::string text = ToJson(entity.state->root_type(), entity.state->root());
  for (int collection = 0; collection < 256; ++collection) {
    entity.state->items.ScanBytes(static_cast<CollectionId>(collection), "",
                                  [&](std::string_view key, std::string_view value) {
                                    text += fmt::format(" {} ", collection);
                                    text.append(key).append(value);
                                    return true;
                                  });
  }
  return text + ToHex(entity.state->Hash()) + std::to_string(entity.changed_at);
}

TEST_F(WaypointsTest, AsOfIsTheSameWithAndWithoutThem) {
  Open(*log_);
  std::mt19937_64 random(3);
  for (const char* entity : {kLong, kRegistry, "location/default/at-39"}) {
    const uint32_t partition = log_->PartitionOf(entity);
    ASSERT_TRUE(*archive_->StartBefore(entity, UINT64_MAX) || entity != std::string(kLong));
    for (int i = 0; i < 60; ++i) {
      Coverage point = log_->Now();
      point[partition] = random() % (log_->End(partition) + 1);
      const auto near = EntityAt(*archive_, entity, point);
      const auto far = EntityAt(*log_, entity, point);
      ASSERT_TRUE(near) << near.error().message;
      ASSERT_TRUE(far) << far.error().message;
      ASSERT_EQ(Show(*near), Show(*far)) << entity << " before " << point[partition];
      EXPECT_EQ(near->ever, far->ever);
    }
  }
  // What they are there for.
  Timeline timeline(*archive_, kLong);
  ASSERT_TRUE(timeline.Skip(UINT64_MAX));
  EXPECT_LE(timeline.folded(), kWaypointEvery);
  EXPECT_TRUE(*archive_->StartBefore(kRegistry, UINT64_MAX));
}

// Where a field got another value last, looked for from the beginning.
DecisionPosition LastSetting(const Archive& archive, const std::string& field, uint64_t end) {
  DecisionPosition position;
  std::string value;
  const auto walked = WalkTimeline(archive, kLong, end, [&](const Moment& moment) {
    std::string now = GetPath(moment.after.root_type(), moment.after.root(), field).value_or("");
    if (now != std::exchange(value, now)) position = moment.position();
    return true;
  });
  EXPECT_TRUE(walked);
  return position;
}

TEST_F(WaypointsTest, WhySeeksFromTheEndWhatWasSetLongAgo) {
  Open(*log_);
  const uint32_t partition = log_->PartitionOf(kLong);
  std::set<uint64_t> found;
  for (const uint64_t back : {0, 40, 300, 500}) {
    const uint64_t end = log_->End(partition) - back;
    for (const char* field :
         {"metadata.labels.n", "metadata.annotations.note", "spec.ipFamilies", "status.phase"}) {
      const auto expected = LastSetting(*log_, field, end);
      found.insert(expected.sequence);
      for (const Archive* archive :
           {static_cast<const Archive*>(archive_.get()), static_cast<const Archive*>(log_.get())}) {
        const Json why = AskFor(
            *archive, "why",
            {{"entity", kLong}, {"field", field}, {"at", FormatPosition(partition, end - 1)}});
        EXPECT_EQ(why["chain"][0]["position"], FormatPosition(partition, expected.sequence))
            << field << " before " << end;
      }
    }
  }
  // Set at the start, in the middle and at the end.
  EXPECT_GT(found.size(), 6u);
}

TEST_F(WaypointsTest, ARefusalNamesWhatSetItsFieldLongAgo) {
  Open(*log_);
  const uint32_t partition = log_->PartitionOf(kLong);
  size_t refusals = 0;
  for (const LogRecord& record : recorded_->cluster().Log(partition)) {
    if (!record.decision || record.decision->verdict != Verdict::kRejected ||
        record.decision->command->entity != kLong) {
      continue;
    }
    ++refusals;
    const auto expected = LastSetting(*log_, record.decision->rejection->field, record.sequence);
    for (const Archive* archive :
         {static_cast<const Archive*>(archive_.get()), static_cast<const Archive*>(log_.get())}) {
      const auto refused = WhyRefused(*archive, record);
      ASSERT_TRUE(refused);
      ASSERT_TRUE(refused->contains("setBy")) << refused->dump(1);
      EXPECT_EQ((*refused)["setBy"]["position"], FormatPosition(partition, expected.sequence));
    }
  }
  EXPECT_GT(refusals, 50u);
}

TEST_F(WaypointsTest, AnswersAreTheSameWithAndWithoutThem) {
  Open(*log_);
  using Parameters = std::map<std::string, std::string, std::less<>>;
  const std::string late =
      fmt::format("{}:{}", log_->PartitionOf(kLong), log_->End(log_->PartitionOf(kLong)) - 100);
  const std::vector<std::pair<const char*, Parameters>> questions = {
      {"history", {{"entity", kLong}, {"last", "50"}}},
      {"history", {{"entity", kLong}, {"last", "7"}, {"verdict", "rejected"}}},
      {"history", {{"entity", kLong}, {"last", "300"}, {"until", late}}},
      {"history", {{"entity", kLong}, {"since", late}, {"limit", "9"}}},
      {"history", {{"entity", kLong}, {"since", late}, {"last", "1000"}}},
      {"history", {{"entity", kRegistry}, {"last", "5"}}},
      {"replay", {{"entities", kLong}, {"from", late}}},
      {"diff", {{"from", late}}},
      {"why", {{"entity", kLong}}},
  };
  for (const auto& [verb, parameters] : questions) {
    EXPECT_EQ(ItemsOf(*archive_, verb, parameters), ItemsOf(*log_, verb, parameters)) << verb;
    EXPECT_EQ(AskFor(*archive_, verb, parameters), AskFor(*log_, verb, parameters)) << verb;
  }
  const Parameters half = {
      {"entities", kLong}, {"until", "metadata.labels.n == '3'"}, {"bisect", "true"}};
  EXPECT_EQ(AskFor(*archive_, "replay", half)["stoppedAt"],
            AskFor(*log_, "replay", half)["stoppedAt"]);
}

TEST_F(WaypointsTest, VerifyComparesThem) {
  Open(*log_);
  const auto sound = Verify(*archive_, {});
  ASSERT_TRUE(sound) << sound.error().message;
  EXPECT_FALSE(sound->first) << sound->first->message;
  archive_.reset();
  std::filesystem::remove_all(root_);
  std::filesystem::create_directory(root_);
  // It was another in the middle, and is the same at the end.
  Open(*LongLives("another")->Archive());
  const auto found = Verify(*archive_, {});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(found->first);
  EXPECT_EQ(found->first->check, "projections");
  EXPECT_EQ(found->first->entity, kLong);
  EXPECT_THAT(found->first->message, HasSubstr("waypoint"));
  ASSERT_EQ(found->first->differs.size(), 1u);
  EXPECT_THAT(found->first->differs[0].before, HasSubstr("another"));
}

}  // namespace
}  // namespace sluice::replay
