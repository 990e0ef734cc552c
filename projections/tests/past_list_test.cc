// Objects and lists as they were.
#include <algorithm>
#include <functional>

#include "projections/tests/queries_fixture.h"

namespace sluice {
namespace {

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

}  // namespace
}  // namespace sluice
