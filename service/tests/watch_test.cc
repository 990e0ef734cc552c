#include "service/streams.h"
#include "service/tests/router_fixture.h"

namespace sluice::service {
namespace {

constexpr char kWatch[] = "/apis/sluice.dev/v1/namespaces/default/bindings?watch=true";

class Watch : public RouterFixture {
 protected:
  // "ADDED 3" and so on: type and metadata.resourceVersion.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    for (const Json& line : Lines()) {
      told.push_back(line["type"].get<std::string>() + " " +
                     line["object"]["metadata"].value("resourceVersion", ""));
    }
    return told;
  }
  using Strings = std::vector<std::string>;
};

TEST_F(Watch, BeginsWithWhatIsThereAndGoesOn) {
  backend_.Put(web_, "");
  Expect(200, "GET", kWatch);
  ASSERT_TRUE(reply_->stream);
  EXPECT_EQ(Told(), (Strings{"ADDED 1"}));
  backend_.Put(web_, "");
  backend_.Remove(web_);
  EXPECT_EQ(Told(), (Strings{"MODIFIED 2", "DELETED 3"}));
  EXPECT_FALSE(ended_);
}

TEST_F(Watch, ResumesWithoutGapOrRepeat) {
  for (int i = 0; i < 5; ++i) backend_.Put(web_, "");
  Send("GET", std::string(kWatch) + "&resourceVersion=3");
  EXPECT_EQ(Told(), (Strings{"MODIFIED 4", "MODIFIED 5"}));
}

TEST_F(Watch, TooOldIsGone) {
  backend_.Put(web_, "");
  backend_.Forget();
  EXPECT_EQ(Expect(410, "GET", std::string(kWatch) + "&resourceVersion=1")["reason"], "Expired");
}

TEST_F(Watch, OneThatFallsBehindEndsWithAnError) {
  backend_.Put(web_, "");
  Send("GET", std::string(kWatch) + "&resourceVersion=1");
  EXPECT_EQ(Told(), (Strings{}));
  backend_.Forget();
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["type"], "ERROR");
  EXPECT_EQ(lines[0]["object"]["code"], 410);
  EXPECT_EQ(lines[0]["object"]["kind"], "Status");
  EXPECT_TRUE(ended_);
}

TEST_F(Watch, WakesItsReader) {
  Send("GET", kWatch);
  int woken = 0;
  backend_.Put(web_, "");  // before anyone listens: kept
  reply_->stream->waker()->Listen([&] { ++woken; });
  EXPECT_EQ(woken, 1);
  backend_.Put(web_, "");
  EXPECT_EQ(woken, 2);
}

TEST_F(Watch, AnObjectThatStopsMatchingIsDeletedForTheWatcher) {
  Send("GET", std::string(kWatch) + "&fieldSelector=status.phase%3DReady");
  const auto phase = [](const std::string& name) {
    return R"("status":{"phase":")" + name + "\"}";
  };
  backend_.Put(web_, phase("Pending"));
  EXPECT_EQ(Told(), (Strings{}));
  backend_.Put(web_, phase("Ready"));
  backend_.Put(web_, phase("Ready"));
  backend_.Put(web_, phase("Failed"));
  backend_.Put(web_, phase("Failed"));
  backend_.Remove(web_);
  EXPECT_EQ(Told(), (Strings{"ADDED 2", "MODIFIED 3", "DELETED 4"}));
}

TEST(WatchFilter, AnUnknownPastCountsAsMatching) {
  using Type = WatchEvent::Type;
  const ObjectFilter filter{{}, *ParseFieldSelector("status.phase=Ready")};
  WatchEvent event;
  event.type = Type::kModified;
  event.object.json = R"({"status":{"phase":"Ready"}})";
  EXPECT_EQ(TypeBehindFilter(filter, event), Type::kModified);
  event.object.json = R"({"status":{"phase":"Failed"}})";
  EXPECT_EQ(TypeBehindFilter(filter, event), Type::kDeleted);
  event.type = Type::kDeleted;
  EXPECT_EQ(TypeBehindFilter(filter, event), Type::kDeleted);
  event.type = Type::kAdded;
  EXPECT_EQ(TypeBehindFilter(filter, event), std::nullopt);
}

TEST_F(Watch, BookmarksSayHowFarItHasCome) {
  backend_.Put(web_, "");
  Send("GET", std::string(kWatch) + "&allowWatchBookmarks=true");
  EXPECT_EQ(Told(), (Strings{"ADDED 1", "BOOKMARK 1"}));
  backend_.Put(web_, "");
  EXPECT_EQ(Told(), (Strings{"MODIFIED 2"}));
  EXPECT_EQ(Json::parse(reply_->stream->Farewell())["object"]["metadata"]["resourceVersion"], "2");
}

TEST_F(Watch, EndsByItselfWhenAskedTo) {
  backend_.Put(web_, "");
  Send("GET", std::string(kWatch) + "&timeoutSeconds=0");
  EXPECT_EQ(Told(), (Strings{}));
  EXPECT_TRUE(ended_);
  Expect(400, "GET", std::string(kWatch) + "&timeoutSeconds=soon");
}

TEST_F(Watch, ActionsCarryTheirVersionBeside) {
  backend_.Put(web_, "");
  Send("GET", "/actions?watch=true&resourceVersion=0&location=here&allowWatchBookmarks=1");
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["type"], "ADDED");
  EXPECT_EQ(lines[0]["resourceVersion"], "1");
  EXPECT_EQ(lines[1]["type"], "BOOKMARK");
}

}  // namespace
}  // namespace sluice::service
