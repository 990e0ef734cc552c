#include "projections/queries.h"

#include "projections/tests/queries_fixture.h"

namespace sluice {
namespace {

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
