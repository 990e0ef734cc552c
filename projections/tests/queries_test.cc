#include "projections/queries.h"

#include <gtest/gtest.h>

#include <functional>

#include "events/json.h"
#include "projections/change_feed.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::StoreTest;
using testing::TestLog;

// Two partitions; lamps with an even number in their name's last digit live in the first.
class QueriesTest : public StoreTest {
 protected:
  QueriesTest() {
    for (uint32_t partition : {0u, 1u}) {
      logs_.push_back(std::make_unique<TestLog>(LampKinds(), partition));
      stores_.push_back(OpenPartition(partition));
    }
    MakeQueries();
  }

  void MakeQueries() {
    reads_ = 0;
    QueryOptions options;
    options.kinds = &LampKinds();
    for (const auto& store : stores_) options.stores.push_back(store.get());
    options.partition_of = &PartitionOf;
    options.read_records = [this](uint32_t partition, std::span<const uint64_t> sequences,
                                  const EventVisitor& visit) -> Result<void> {
      ++reads_;
      const auto& records = logs_[partition]->records();
      for (const uint64_t sequence : sequences) {
        if (sequence < records.size() && !visit(sequence, records[sequence])) break;
      }
      return {};
    };
    options.kept_views_max = 2;
    queries_ = std::make_unique<Queries>(std::move(options));
  }

  static uint32_t PartitionOf(std::string_view entity) {
    return static_cast<uint32_t>(entity.back()) % 2;
  }
  static EntityKey Key(int number) { return {"lamp", "default", "lamp-" + std::to_string(number)}; }
  template <class C>
  uint64_t Send(int number, C command) {
    return SendTo(Lamp(number), std::move(command));
  }
  template <class C>
  uint64_t SendTo(const std::string& lamp, C command) {
    const uint32_t partition = PartitionOf(lamp);
    const uint64_t sequence = logs_[partition]->Send(lamp, std::move(command));
    EXPECT_TRUE(stores_[partition]->Apply(logs_[partition]->TakeBatch()));
    return sequence;
  }
  std::string Names(const ObjectList& list) {
    std::string names;
    for (const ObjectText& item : list.items) names += item.cells.front() + " ";
    return names;
  }
  std::string At(const std::string& json, std::string_view path) {
    return JsonAt(json, path).value_or("");
  }

  ChangeFeed feed_{2, 1 << 20};
  std::vector<std::unique_ptr<TestLog>> logs_;
  std::vector<std::unique_ptr<PartitionStore>> stores_;
  std::unique_ptr<Queries> queries_;
  size_t reads_ = 0;  // of the log

 private:
  std::unique_ptr<PartitionStore> OpenPartition(uint32_t partition) {
    StoreOptions options;
    options.path = Path("partition-" + std::to_string(partition));
    options.partition = partition;
    options.kinds = &LampKinds();
    options.feed = &feed_;
    auto store = PartitionStore::Open(std::move(options));
    EXPECT_TRUE(store);
    return std::move(*store);
  }
};

TEST_F(QueriesTest, AnObjectAsUsersSeeIt) {
  EXPECT_FALSE(queries_->Get(Key(1))->has_value());
  const uint64_t sequence =
      Send(1, LampApply{.spec = {.color = "red", .room = "hall"}, .labels = {{"a", "b"}}});
  const auto object = *queries_->Get(Key(1));
  ASSERT_TRUE(object);
  EXPECT_EQ(object->resource_version, FormatPosition(1, sequence));
  EXPECT_EQ(object->version, 1u);
  EXPECT_EQ(At(object->json, "apiVersion"), "\"sluice.dev/v1\"");
  EXPECT_EQ(At(object->json, "kind"), "\"Lamp\"");
  EXPECT_EQ(At(object->json, "metadata.resourceVersion"), "\"" + object->resource_version + "\"");
  EXPECT_EQ(At(object->json, "metadata.name"), "\"lamp-1\"");
  EXPECT_EQ(At(object->json, "spec.color"), "\"red\"");
  EXPECT_EQ(At(object->json, "status.phase"), "\"Off\"");
  EXPECT_EQ(At(object->json, "relations"), "");
  ASSERT_EQ(object->cells.size(), 4u);
  EXPECT_EQ(object->cells[2], "Off");
  EXPECT_EQ(object->cells[3], "red");
  Send(1, Delete{});
  EXPECT_FALSE(queries_->Get(Key(1))->has_value());
}

TEST_F(QueriesTest, PagesComeInOrderAndFromOneMoment) {
  for (int i = 1; i <= 7; ++i) Send(i, LampApply{.labels = {{"odd", i % 2 == 1 ? "yes" : "no"}}});
  SendTo("lamp/a/z-0", LampApply{});
  ListRequest request;
  request.kind = &LampKind();
  EXPECT_EQ(Names(*queries_->List(request)),
            "z-0 lamp-1 lamp-2 lamp-3 lamp-4 lamp-5 lamp-6 lamp-7 ");
  request.namespace_ = "default";
  request.limit = 3;
  const auto first = *queries_->List(request);
  EXPECT_EQ(Names(first), "lamp-1 lamp-2 lamp-3 ");
  Send(9, LampApply{});
  Send(5, Delete{});
  request.continue_token = first.continue_token;
  const auto second = *queries_->List(request);
  EXPECT_EQ(Names(second), "lamp-4 lamp-5 lamp-6 ");
  EXPECT_EQ(second.coverage, first.coverage);
  request.continue_token = second.continue_token;
  const auto third = *queries_->List(request);
  EXPECT_EQ(Names(third), "lamp-7 ");
  EXPECT_EQ(third.continue_token, "");

  request.limit = 0;
  request.continue_token = "";
  request.label = {"odd", "yes"};
  EXPECT_EQ(Names(*queries_->List(request)), "lamp-1 lamp-3 lamp-7 ");
  request.label.reset();
  Send(8, LampApply{.spec = {.color = "blue", .room = "hall"}, .labels = {}});
  request.index = LampKind().index_of_field("spec.color", "blue");
  EXPECT_EQ(Names(*queries_->List(request)), "lamp-8 ");
  request.namespace_ = "elsewhere";
  EXPECT_EQ(Names(*queries_->List(request)), "");
  request.namespace_.reset();
  request.index.reset();
  request.matches = [](const std::string& json) { return json.find("lamp-4") != json.npos; };
  EXPECT_EQ(Names(*queries_->List(request)), "lamp-4 ");
}

TEST_F(QueriesTest, AnOldContinueTokenIsRefused) {
  for (int i = 1; i <= 4; ++i) Send(i, LampApply{});
  ListRequest request;
  request.kind = &LampKind();
  request.limit = 1;
  const auto first = *queries_->List(request);
  ListRequest next = request;
  next.continue_token = first.continue_token;
  for (int i = 0; i < 2; ++i) {
    Send(1, PressLamp{});
    ASSERT_TRUE(queries_->List(request));
  }
  EXPECT_EQ(queries_->List(next).error().code, ErrorCode::kNotFound);
  next.continue_token = "nonsense";
  EXPECT_EQ(queries_->List(next).error().code, ErrorCode::kInvalid);
}

TEST_F(QueriesTest, HistoryIsPagedOldestFirst) {
  Send(1, LampApply{});
  for (int i = 0; i < 4; ++i) Send(1, PressLamp{});
  Send(3, PressLamp{});
  std::string token;
  std::vector<std::string> commands;
  for (int page = 0; page < 3; ++page) {
    const auto list = *queries_->History(Key(1), 2, token);
    for (const std::string& item : list.items) commands.push_back(At(item, "command.command"));
    token = list.continue_token;
    EXPECT_EQ(token.empty(), page == 2);
  }
  EXPECT_EQ(commands, (std::vector<std::string>{"\"Apply\"", "\"Press\"", "\"Press\"", "\"Press\"",
                                                "\"Press\""}));
  const auto refused = *queries_->History(Key(3), 0, "");
  ASSERT_EQ(refused.items.size(), 1u);
  EXPECT_EQ(At(refused.items[0], "verdict"), "\"Rejected\"");
  EXPECT_EQ(At(refused.items[0], "rejection.code"), "\"NotFound\"");
  EXPECT_TRUE(queries_->History(Key(8), 0, "")->items.empty());
}

TEST_F(QueriesTest, ActionsAreFoundByLocation) {
  for (int i = 1; i <= 3; ++i) {
    Send(i, LampApply{.spec = {.color = "red", .room = i == 2 ? "attic" : "hall"}});
    Send(i, PressLamp{});
  }
  EXPECT_EQ(queries_->Actions({})->items.size(), 3u);
  const auto hall = *queries_->Actions({.location = "default/hall", .limit = 0});
  ASSERT_EQ(hall.items.size(), 2u);
  EXPECT_EQ(At(hall.items[0], "verb"), "\"Shine\"");
  EXPECT_EQ(At(hall.items[0], "entity"), "\"lamp/default/lamp-1\"");
  EXPECT_EQ(queries_->Actions({.location = "attic", .limit = 0})->items.size(), 1u);
  ActionRequest request{.location = "default/hall", .limit = 1};
  const auto first = *queries_->Actions(request);
  request.continue_token = first.continue_token;
  const auto second = *queries_->Actions(request);
  EXPECT_EQ(first.items[0] + second.items[0], hall.items[0] + hall.items[1]);
  Send(1, PressLamp{});
  EXPECT_EQ(queries_->Actions({.location = "default/hall", .limit = 0})->items.size(), 1u);
}

TEST_F(QueriesTest, APastPositionIsReadFromTheLog) {
  Send(1, LampApply{.spec = {.color = "red", .room = "hall"}});
  const uint64_t pressed = Send(1, PressLamp{});
  Send(1, Delete{});
  Send(1, LampApply{.spec = {.color = "blue", .room = "hall"}});
  Send(3, LampApply{});
  const auto coverage = *queries_->CoverageAt(DecisionPosition{1, pressed});
  EXPECT_EQ(coverage[1], pressed + 1);
  const auto then = *queries_->GetAt(Key(1), coverage);
  ASSERT_TRUE(then);
  EXPECT_EQ(At(then->json, "status.phase"), "\"On\"");
  EXPECT_EQ(then->version, 2u);
  EXPECT_FALSE(queries_->GetAt(Key(1), Coverage{0, pressed + 2})->has_value());
  EXPECT_TRUE(queries_->GetAt(Key(1), Coverage{0, pressed + 3})->has_value());
  EXPECT_EQ(queries_->GetAt(Key(1), Coverage{0, pressed + 99}).error().code, ErrorCode::kNotFound);
  const auto now = *queries_->CoverageAt(logs_[1]->now());
  EXPECT_EQ(now[1], logs_[1]->end());
  EXPECT_EQ((*queries_->GetAt(Key(1), now))->json, (*queries_->Get(Key(1)))->json);
}

TEST_F(QueriesTest, APastListHoldsWhatWasDeletedSince) {
  Send(1, LampApply{});
  Send(2, LampApply{});
  const uint64_t last = Send(3, LampApply{});
  Send(3, Delete{});
  Send(5, LampApply{});
  ListRequest request;
  request.kind = &LampKind();
  request.past = Coverage{2, last + 1};
  EXPECT_EQ(Names(*queries_->List(request)), "lamp-1 lamp-2 lamp-3 ");
  request.limit = 2;
  const auto first = *queries_->List(request);
  EXPECT_EQ(Names(first), "lamp-1 lamp-2 ");
  request.past.reset();
  request.continue_token = first.continue_token;
  EXPECT_EQ(Names(*queries_->List(request)), "lamp-3 ");
}

TEST_F(QueriesTest, PagesOfThePastAreFoldedAheadAndSayTheSame) {
  for (int i = 10; i < 70; ++i) {
    Send(i, LampApply{.spec = {.color = i % 3 == 0 ? "red" : "blue"}});
    if (i % 4 == 0) Send(i, PressLamp{});
  }
  const Coverage then{logs_[0]->end(), logs_[1]->end()};
  for (int i = 10; i < 90; ++i) Send(i, PressLamp{});
  for (int i = 10; i < 20; ++i) Send(i, Delete{});
  ListRequest whole;
  whole.kind = &LampKind();
  whole.past = then;
  whole.past_time = *queries_->TimeAt(then);
  EXPECT_EQ(whole.past_time,
            std::max(*queries_->TimeAt({then[0], 0}), *queries_->TimeAt({0, then[1]})));
  const ObjectList expected = *queries_->List(whole);
  ASSERT_EQ(expected.items.size(), 60u);
  EXPECT_EQ(At(expected.items[2].json, "status.phase"), "\"On\"");
  EXPECT_EQ(At(expected.items[3].json, "status.phase"), "\"Off\"");

  const auto turn = [&](size_t limit, const std::function<bool(const std::string&)>& matches) {
    // Queries of their own: nothing is folded ahead yet.
    MakeQueries();
    ListRequest request = whole;
    request.limit = limit;
    request.matches = matches;
    std::vector<std::string> texts;
    do {
      const ObjectList page = *queries_->List(request);
      EXPECT_LE(page.items.size(), limit);
      EXPECT_EQ(page.as_of, whole.past_time);
      for (const ObjectText& item : page.items) texts.push_back(item.json);
      // Asked for once more, it is the same.
      EXPECT_EQ(Names(*queries_->List(request)), Names(page));
      request.past.reset();
      request.past_time = {};
      request.continue_token = page.continue_token;
    } while (!request.continue_token.empty());
    return texts;
  };
  std::vector<std::string> all;
  std::vector<std::string> red;
  const auto is_red = [&](const std::string& json) { return At(json, "spec.color") == "\"red\""; };
  for (const ObjectText& item : expected.items) {
    all.push_back(item.json);
    if (is_red(item.json)) red.push_back(item.json);
  }
  for (const size_t limit : {1u, 2u, 3u, 7u, 59u, 60u, 61u}) {
    EXPECT_EQ(turn(limit, {}), all) << limit;
    EXPECT_EQ(turn(limit, is_red), red) << limit;
  }
  // Ever more at once: 60 pages are not as many reads.
  EXPECT_EQ(turn(1, {}).size(), 60u);
  EXPECT_LE(reads_, 2u * 5u) << "of each partition";
}

TEST_F(QueriesTest, EntitiesAreFoundByTheirMachinesIndex) {
  for (int i = 1; i <= 4; ++i) Send(i, LampApply{.spec = {.color = i < 3 ? "red" : "blue"}});
  EXPECT_EQ(*queries_->FindByIndex("lamp", "color", "red"),
            (std::vector<std::string>{Lamp(1), Lamp(2)}));
  EXPECT_TRUE(queries_->FindByIndex("lamp", "color", "re")->empty());
  const auto counts = queries_->Counts();
  EXPECT_EQ(counts.at({"lamp", "Off"}), 4u);
}

}  // namespace
}  // namespace sluice
