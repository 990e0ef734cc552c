// Servers and their instances, where a data file cannot say it: uids, many servers, any order.
#include "machines/server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "machines/common/print_machines.h"
#include "machines/common/testing/world.h"
#include "machines/counted_events.h"
#include "machines/instance/instance.h"
#include "source_directory.h"

namespace sluice {
namespace {

constexpr char kInstance[] = "instance/default/web";

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : world_(BuiltinKinds()) {
    world_.SendJson(kInstance, "Apply",
                    R"({"spec":{"backend":"server","server":{"flavor":"m1","image":"debian"}}})");
    world_.Settle();
  }

  ReportServer Report(uint64_t version, std::string tag = "default/web") const {
    ReportServer report{.flavor = "m1", .image = "debian", .phase = "Provisioned"};
    report.power = "Running";
    report.resource_version = version;
    if (!tag.empty()) report.tags[kInstanceTag] = std::move(tag);
    return report;
  }
  ReportServer Made(uint64_t version, uint32_t attempt) const {
    ReportServer report = Report(version);
    report.uid = Web().metadata->uid;
    report.attempt = attempt;
    return report;
  }
  void Send(const std::string& name, const ReportServer& report) {
    world_.SendAndSettle("server/default/" + name, report);
  }
  const Instance& Web() const { return world_.As<Instance>(kInstance); }
  const Server& Get(const std::string& name) const {
    return world_.As<Server>("server/default/" + name);
  }
  std::string Mapped(const std::string& name) const {
    return FindCondition(Get(name).status.conditions, "Mapped")->reason;
  }
  std::string Holder() const { return Web().status.server ? Web().status.server->name : ""; }

  testing::World world_;
};

TEST_F(ServerTest, TheOneMadeForItBeatsAStrangerThatClaimedFirst) {
  Send("stranger", Report(1));
  EXPECT_EQ(Holder(), "stranger");
  Send("made", Made(1, 1));
  EXPECT_EQ(Holder(), "made");
  EXPECT_EQ(Mapped("stranger"), "DuplicateMapping");
  EXPECT_EQ(Mapped("made"), "Mapped");
  EXPECT_TRUE(IsTrue(Web().status.conditions, "ServerConflict"));
  EXPECT_FALSE(Web().own.backing->creating);

  // The stranger's own reports are nothing to the instance.
  ReportServer off = Report(2);
  off.power = "Stopped";
  Send("stranger", off);
  EXPECT_EQ(Web().status.phase, InstancePhase::kReady);
}

TEST_F(ServerTest, OneThatClaimsAnAttemptNobodyMadeIsAStranger) {
  Send("first", Report(1));
  Send("liar", Made(1, 7));
  EXPECT_EQ(Holder(), "first");
  ReportServer other = Report(1);
  other.uid = "another";
  other.attempt = 1;
  Send("others", other);
  EXPECT_EQ(Holder(), "first");
}

TEST_F(ServerTest, ALaterAttemptBeatsAnEarlierOneThatComesBack) {
  Send("one", Made(1, 1));
  Send("one", Report(2, ""));  // Its tag is stripped: the instance asks for another.
  EXPECT_EQ(Mapped("one"), "TagMissing");
  EXPECT_EQ(Web().own.backing->attempt, 2u);
  Send("two", Made(1, 2));
  EXPECT_EQ(Holder(), "two");
  Send("one", Made(3, 1));
  EXPECT_EQ(Holder(), "two");
  EXPECT_EQ(Mapped("one"), "DuplicateMapping");
}

TEST_F(ServerTest, ARefusedOneThatSaysLaterThatItWasMadeForItGetsTheEdge) {
  Send("stranger", Report(1));
  Send("late", Report(1));
  EXPECT_EQ(Holder(), "stranger");
  Send("late", Made(2, 1));
  EXPECT_EQ(Holder(), "late");
}

TEST_F(ServerTest, NoMoreClaimsAreKeptThanMayBeAndThoseBeyondComeWhenThereIsRoom) {
  for (size_t i = 0; i < kClaimsMax + 1; ++i) Send("s" + std::to_string(i), Report(1));
  const std::string beyond = "s" + std::to_string(kClaimsMax);
  EXPECT_EQ(Web().own.backing->claims.size(), kClaimsMax);
  EXPECT_EQ(Mapped(beyond), "DuplicateMapping");
  EXPECT_EQ(Get(beyond).own.edge, ServerEdge::kWatched);
  world_.SendAndSettle("server/default/s0", ReportServerGone{.resource_version = 2});
  EXPECT_EQ(Holder(), "s1");
  EXPECT_EQ(Web().own.backing->claims.size(), kClaimsMax);
  EXPECT_EQ(Get(beyond).own.edge, ServerEdge::kRefused);
  // One made for it gets in all the same.
  Send("made", Made(1, 1));
  EXPECT_EQ(Holder(), "made");
}

TEST_F(ServerTest, WhileItIsDeletedNoStrangerTakesThePlaceOfItsServer) {
  Send("made", Made(1, 1));
  Send("stranger", Report(1));
  world_.SendAndSettle(kInstance, Delete{});
  EXPECT_TRUE(Web().IsDeleting());
  world_.SendAndSettle("server/default/made", ReportServerGone{.resource_version = 2});
  EXPECT_FALSE(Web().Exists());
  EXPECT_EQ(Mapped("stranger"), "InstanceNotFound");
}

TEST_F(ServerTest, AServerReportedWhileItsInstanceIsDeletedIsDeletedToo) {
  Send("made", Made(1, 1));
  world_.SendAndSettle(kInstance, Delete{});
  Send("twin", Made(1, 1));  // The region carried out one CreateServer twice.
  Send("stranger", Report(1));
  EXPECT_EQ(Mapped("stranger"), "InstanceNotFound");
  world_.SendAndSettle("server/default/made", ReportServerGone{.resource_version = 2});
  EXPECT_TRUE(Web().IsDeleting());
  EXPECT_EQ(Holder(), "twin");
  EXPECT_EQ(world_.Pending(kInstance).at(0).verb, "DeleteServer");
  world_.SendAndSettle("server/default/twin", ReportServerGone{.resource_version = 2});
  EXPECT_FALSE(Web().Exists());
}

// Whatever order answers, claims and reports cross in, one server ends up with the edge, and
// instance and server agree.
TEST_F(ServerTest, TagsThatMoveQuicklyLeaveNobodyBehind) {
  world_.SendJson("instance/default/b", "Apply",
                  R"({"spec":{"backend":"server","server":{"flavor":"m1","image":"debian"}}})");
  for (uint32_t seed = 0; seed < 200; ++seed) {
    uint32_t random = seed * 2654435761u + 1;
    const auto next = [&random](size_t n) {
      random = random * 1664525u + 1013904223u;
      return static_cast<size_t>(random >> 16) % n;
    };
    world_.pick = next;
    const std::string name = "m" + std::to_string(seed % 3);
    for (uint64_t i = 1; i <= 6; ++i) {
      const char* tags[] = {"default/web", "default/b", "", "default/nobody"};
      world_.Send("server/default/" + name, Report(seed * 10 + i, tags[next(4)]));
      for (size_t n = next(4); n > 0; --n) world_.DeliverOne();
    }
    world_.Settle();
    for (const char* instance : {"web", "b"}) {
      const auto& state = world_.As<Instance>(std::string("instance/default/") + instance);
      size_t mapped = 0;
      for (int i = 0; i < 3; ++i) {
        const std::string server = "m" + std::to_string(i);
        if (Get(server).status.instance != std::string("default/") + instance) continue;
        ++mapped;
        EXPECT_EQ(state.own.backing->holder, "server/default/" + server) << seed;
        EXPECT_EQ(state.status.server->reported.resource_version,
                  Get(server).status.reported.resource_version);
      }
      EXPECT_EQ(mapped, state.own.backing->holder.empty() ? 0u : 1u) << seed;
    }
  }
}

TEST_F(ServerTest, ShowsTagAndInstanceInItsIndexes) {
  ReportServer report = Report(1);
  report.tags["team"] = "a";
  Send("srv-1", report);
  std::vector<std::string> entries;
  for (const IndexEntry& entry : ServerKind().indexes(Get("srv-1"))) {
    entries.push_back(entry.index + ":" + entry.value);
  }
  EXPECT_THAT(entries, ::testing::ElementsAre("tag:" + std::string(kInstanceTag) + "=default/web",
                                              "tag:team=a", "instance:default/web"));
}

TEST_F(ServerTest, FieldsThatAnIndexHoldsAreReadFromIt) {
  const auto entry = [](std::string_view path, std::string_view value) {
    const auto found = ServerKind().index_of_field(path, value);
    return found ? found->index + ":" + found->value : "";
  };
  EXPECT_EQ(entry("status.instance", "default/web"), "instance:default/web");
  EXPECT_EQ(entry("status.reported.tags[a.b/c]", "x=y"), "tag:a.b/c=x=y");
  EXPECT_EQ(entry("status.reported.tags", "x"), "");
  EXPECT_EQ(entry("status.phase", "Reported"), "");
}

TEST_F(ServerTest, EveryReasonOfBeingUnmappedIsCounted) {
  const CountedEvent& counted = BuiltinCountedEvents().at(0);
  EXPECT_STREQ(counted.metric, "sluice_server_unmapped_total");
  EXPECT_STREQ(counted.label, "reason");
  Send("a", Report(1));
  Send("b", Report(1));
  Send("c", Report(1, ""));
  Send("d", Report(1, "default/nobody"));
  std::vector<std::string> reasons;
  for (const Decision& decision : world_.decisions()) {
    for (const Event& event : decision.events) {
      if (event.payload.type() == counted.type) reasons.push_back(counted.value(event.payload));
    }
  }
  EXPECT_THAT(reasons,
              ::testing::ElementsAre("DuplicateMapping", "TagMissing", "InstanceNotFound"));
}

TEST(ServerReadme, ShowsTheDiagramOfTheTable) {
  std::ifstream file(SLUICE_SOURCE_DIR "/machines/server/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string diagram = PrintMachines({&ServerKind()}, MachineFormat::kMermaid);
  EXPECT_THAT(text.str(), ::testing::HasSubstr("```mermaid\n" + diagram + "```"));
}

}  // namespace
}  // namespace sluice
