// However many entities of a partition stay ready in memory, lie there as rows, or are read from
// its store each time: it decides the same, byte for byte, keeps the same rows, and tells watches
// the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/partition_processor.h"
#include "engine/testing/sim_journal.h"
#include "engine/tests/widget.h"
#include "events/codec.h"
#include "projections/change_feed.h"
#include "projections/object_text.h"
#include "projections/partition_store.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

constexpr int kWidgets = 9;

const KindRegistry& Kinds() {
  static const KindRegistry kinds = [] {
    KindRegistry registry;
    registry.Add(WidgetKind());
    return registry;
  }();
  return kinds;
}

// One partition over a store on disk, driven by hand.
class World final : private ProcessorListener {
 public:
  World(std::string path, EntityCacheBounds bounds) : path_(std::move(path)) {
    StoreOptions options;
    options.path = path_;
    options.kinds = &Kinds();
    options.feed = &feed_;
    auto store = PartitionStore::Open(std::move(options));
    CHECK(store.has_value());
    store_ = std::move(*store);
    auto term = journal_.OpenPartition(0);
    CHECK(term.has_value());
    ProcessorOptions processor;
    processor.decider.cache = bounds;
    processor.commands_per_batch = 3;
    processor_ =
        std::make_unique<PartitionProcessor>(Kinds(), *store_, std::move(*term), clock_,
                                             static_cast<ProcessorListener&>(*this), processor);
    CHECK(processor_->Start(journal_.epoch(), 1).has_value());
    Run();
  }

  void Send(const Command& command) {
    InputRecord record;
    record.payload = Pack(command);
    record.ticket = ++tickets_;
    CHECK(journal_.Append(0, std::move(record)).has_value());
  }
  void Wait(Duration time) { clock_.Advance(time); }
  // So many steps, each with a commit or not: a batch may wait while later ones are decided.
  void Step(int steps, bool commits) {
    for (int i = 0; i < steps; ++i) {
      CHECK(processor_->Step().has_value());
      if (commits) journal_.CompleteOne();
    }
  }
  void Run() {
    for (bool busy = true; busy;) {
      const Result<bool> worked = processor_->Step();
      CHECK(worked.has_value());
      busy = journal_.CompleteOne() || *worked;
    }
  }

  std::vector<Bytes> Log() const {
    std::vector<Bytes> records;
    const auto read = journal_.ReadEvents(0, 0, [&](uint64_t, std::string_view bytes) {
      records.emplace_back(bytes);
      return true;
    });
    CHECK(read.has_value());
    return records;
  }
  // What watches were told, as text.
  std::vector<std::string> Told() const {
    std::vector<std::shared_ptr<const Change>> changes;
    CHECK(feed_.Read(0, 0, SIZE_MAX, &changes).has_value());
    std::vector<std::string> told;
    for (const auto& change : changes) {
      told.push_back(fmt::format("{} {} {} {} {} {} {} {}", change->sequence,
                                 static_cast<int>(change->what), change->entity, change->version,
                                 Object(*change, change->before), Object(*change, change->after),
                                 fmt::join(change->actions_ended, ","),
                                 fmt::join(change->actions_begun, ",")));
    }
    return told;
  }
  // The rows of its store, which is closed.
  std::map<std::string, std::string> CloseAndReadRows() {
    processor_.reset();
    store_.reset();
    return testing::Rows(path_);
  }

 private:
  static std::string Object(const Change& change, const std::shared_ptr<const Bytes>& root) {
    if (root == nullptr) return "none";
    const auto state = change.kind->make();
    CHECK(Unpack(state->root_type(), *root, state->mutable_root()).has_value());
    return ObjectJson(*change.kind, *state, "");
  }
  void OnDecided(uint64_t, std::shared_ptr<const LogRecord>) override {}
  void OnApplied(const AppliedBatch&) override {}
  void OnCommitted(size_t, Duration) override {}

  const std::string path_;
  ManualClock clock_{Time{1'790'000'000'000'000}};
  testing::SimJournal journal_{1, clock_};
  ChangeFeed feed_{1, size_t{64} << 20};
  std::unique_ptr<PartitionStore> store_;
  std::unique_ptr<PartitionProcessor> processor_;
  uint64_t tickets_ = 0;
};

std::string WidgetName(int number) { return "widget/default/w" + std::to_string(number); }

class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}

  int Below(int end) { return static_cast<int>(random_() % static_cast<uint64_t>(end)); }
  std::string AnyName() { return WidgetName(Below(kWidgets)); }
  Command AnyCommand() {
    Command command;
    command.entity = AnyName();
    command.payload = AnyPayload();
    // Now and then one that was sent before, or another under its id.
    if (Below(3) == 0) command.id = "c" + std::to_string(Below(20));
    return command;
  }

 private:
  AnyTable AnyPayload();

  std::mt19937_64 random_;
};

AnyTable Chance::AnyPayload() {
  const int64_t amount = 1 + Below(100);
  switch (Below(16)) {
    case 0:
    case 1:
    case 2:
      return AnyTable::Of(
          WidgetApply{.spec = {.color = amount % 2 == 0 ? "red" : "blue"},
                      .labels = {{"size", amount % 3 == 0 ? "big" : "small"}},
                      .annotations = {{"note", std::string(static_cast<size_t>(amount), 'n')}}});
    case 3:
      return AnyTable::Of(Delete{});
    case 4:
      return AnyTable::Of(Tell{.target = AnyName(), .times = 2, .rearm = Duration{amount * 1000}});
    case 5:
      return AnyTable::Of(Ask{.target = AnyName()});
    case 6:
    case 7:
      return AnyTable::Of(Watch{.subject = AnyName()});
    case 8:
    case 9:
      return AnyTable::Of(Arm{.after = Duration{amount * 1000}});
    case 10:
      return AnyTable::Of(SetFaulty{.faulty = amount % 2 == 0});
    case 11:
      return amount < 30 ? AnyTable::Of(BreakTable{}) : AnyTable::Of(AddAmount{.amount = amount});
    case 12:
      return AnyTable::Of(Release{});
    default:
      return AnyTable::Of(AddAmount{.amount = amount});
  }
}

class HotAndCold : public ::testing::Test {
 protected:
  HotAndCold() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-cold-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~HotAndCold() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<World> Make(const std::string& name, EntityCacheBounds bounds) {
    return std::make_unique<World>((root_ / name).string(), bounds);
  }
  // Lives the same life in every world.
  static void Live(std::vector<std::unique_ptr<World>>& worlds, uint64_t seed) {
    Chance chance(seed);
    for (int step = 0; step < 400; ++step) {
      const Command command = chance.AnyCommand();
      const Duration passed{chance.Below(20'000)};
      const int work = chance.Below(3);
      const bool commits = chance.Below(3) > 0;
      for (auto& world : worlds) {
        world->Send(command);
        world->Wait(passed);
        world->Step(work, commits);
      }
    }
    for (auto& world : worlds) world->Run();
  }

  std::filesystem::path root_;
};

TEST_F(HotAndCold, DecideKeepAndTellTheSame) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    const std::string name = std::to_string(seed);
    const size_t hot = seed % 4;
    std::vector<std::unique_ptr<World>> worlds;
    worlds.push_back(Make("all-hot-" + name, {}));
    worlds.push_back(Make("all-there-" + name, {.hot_entities_max = hot}));
    worlds.push_back(Make("some-there-" + name, {.entities_max = 5, .hot_entities_max = hot}));
    worlds.push_back(Make("none-there-" + name, {.entities_max = 0}));
    Live(worlds, seed);

    const std::vector<Bytes> log = worlds[0]->Log();
    ASSERT_GT(log.size(), 400u);
    const std::vector<std::string> told = worlds[0]->Told();
    const auto rows = worlds[0]->CloseAndReadRows();
    for (size_t i = 1; i < worlds.size(); ++i) {
      SCOPED_TRACE(i);
      ASSERT_EQ(worlds[i]->Log(), log);
      ASSERT_EQ(worlds[i]->Told(), told);
      ASSERT_EQ(worlds[i]->CloseAndReadRows(), rows);
    }
  }
}

}  // namespace
}  // namespace sluice
