// An instance that is a server, in a region where anything may happen at any time: what must hold
// after every decision, and that it comes to rest as the spec says once the region is left alone.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/instance/instance.h"
#include "machines/server/server.h"

namespace sluice {
namespace {

constexpr char kWeb[] = "instance/default/web";

using testing::Chance;
using testing::Pick;

class Region {
 public:
  explicit Region(testing::World& world) : world_(world) {}

  // Carries out what is pending, as a region that does what it is asked.
  bool CarryOut() {
    const auto pending = world_.Pending(kWeb);
    if (pending.empty()) return false;
    const PendingAction& action = pending.at(0);
    const auto& web = world_.As<Instance>(kWeb);
    const std::string held = web.status.server ? web.status.server->name : "";
    // Gone meanwhile: the news is under way.
    if (!held.empty() && !servers_.contains(held)) return false;
    if (action.verb == "CreateServer") {
      ReportServer made = Wanted(web);
      made.uid = action.uid;
      made.attempt = action.attempt;
      Report(fmt::format("s{}", ++made_), made);
    } else if (action.verb == "DeleteServer") {
      if (held.empty()) {
        world_.SendJson(kWeb, "ReportDeleted", R"({"status":"True"})");
      } else {
        Vanish(held);
      }
    } else if (action.verb == "RebuildServer") {
      ReportServer server = servers_.at(held);
      server.image = web.spec->server_spec->image;
      server.rebuild_failed = false;
      server.rebuild_generation = action.generation;
      Report(held, server);
    } else if (action.verb == "UpdateServer") {
      ReportServer server = servers_.at(held);
      server.tags = Wanted(web).tags;
      Report(held, server);
    } else {
      ReportServer server = servers_.at(held);
      server.power = "Stopped";
      if (action.verb == "RestartInstance") Report(held, server);
      if (action.verb != "StopInstance") server.power = "Running";
      Report(held, server);
    }
    return true;
  }

  // A rebuild was asked for, and comes to nothing only after a while.
  void BeginRebuild() {
    const auto pending = world_.Pending(kWeb);
    if (!pending.empty() && pending[0].verb == "RebuildServer") begun_.push_back(pending[0]);
  }
  void FailRebuild() {
    const auto& web = world_.As<Instance>(kWeb);
    const std::string held = web.status.server ? web.status.server->name : "";
    if (begun_.empty() || !servers_.contains(held)) return;
    ReportServer server = servers_.at(held);
    server.rebuild_failed = true;
    server.rebuild_generation = begun_.front().generation;
    begun_.pop_front();
    Report(held, server);
  }

  // Something that nobody of us did.
  void Befall() {
    if (Chance(4)) {
      ReportServer stranger;
      stranger.tags[kInstanceTag] = "default/web";
      stranger.phase = "Provisioned";
      stranger.power = "Running";
      return Report(fmt::format("x{}", ++made_), stranger);
    }
    if (servers_.empty()) return;
    const auto at = std::next(servers_.begin(), Pick<std::ptrdiff_t>(0, std::ssize(servers_)));
    const std::string name = at->first;
    ReportServer server = at->second;
    const char* phases[] = {"Provisioned", "Errored", "Rebuilding", "Frobbing", "Provisioned"};
    switch (Pick(0, 6)) {
      case 0:
        return Vanish(name);
      case 1:
        server.tags.erase(kInstanceTag);
        break;
      case 2:
        server.tags[kInstanceTag] = "web";
        break;
      case 3:
        server.phase = phases[Pick(0, 5)];
        break;
      case 4:
        server.power = Chance(2) ? "Stopped" : "Running";
        break;
      default:
        server.rebuild_failed = Chance(2) && server.rebuild_generation != 0;
        break;
    }
    Report(name, server);
  }

  // Everything is well, no stranger claims anything, and of those made for the instance the one
  // that it holds is left: while two claim it, power commands are refused.
  void Heal(const std::string& held) {
    for (auto [name, server] : std::map(servers_)) {
      if (name != held && name.front() != 'x') {
        Vanish(name);
        continue;
      }
      server.phase = "Provisioned";
      server.power = "Running";
      server.rebuild_failed = false;
      if (name.front() == 'x') server.tags.clear();
      Report(name, server);
    }
  }

 private:
  static ReportServer Wanted(const Instance& web) {
    ReportServer server{.tags = web.spec->server_spec->tags,
                        .flavor = web.spec->server_spec->flavor,
                        .image = web.spec->server_spec->image};
    server.tags[kInstanceTag] = "default/web";
    server.phase = "Provisioned";
    server.power = "Running";
    return server;
  }
  void Report(const std::string& name, ReportServer server) {
    server.resource_version = ++version_;
    servers_[name] = server;
    world_.Send("server/default/" + name, server);
  }
  void Vanish(const std::string& name) {
    servers_.erase(name);
    world_.Send("server/default/" + name, ReportServerGone{.resource_version = ++version_});
  }

  testing::World& world_;
  std::map<std::string, ReportServer> servers_;
  std::deque<PendingAction> begun_;
  uint64_t made_ = 0;
  uint64_t version_ = 0;
};

void Apply(testing::World& world) {
  world.SendJson(
      kWeb, "Apply",
      fmt::format(R"({{"spec":{{"backend":"server","pause":{},"server":{{"flavor":"m{}",)"
                  R"("image":"i{}","tags":{{"t":"{}"}}}}}}}})",
                  Chance(6), Pick(1, 3), Pick(1, 3), Pick(1, 3)));
}

void CheckInvariants(const testing::World& world) {
  const auto& web = world.As<Instance>(kWeb);
  const auto pending = world.Pending(kWeb);
  RC_ASSERT(pending.size() <= 1u);
  if (!web.Exists()) return;
  const ServerBacking& backing = web.own.backing;
  const bool held = !backing.holder.empty();
  RC_ASSERT(held == web.status.server.has_value());
  size_t claims = 0;
  size_t strangers = 0;
  for (const ServerClaim& claim : backing.claims) {
    claims += claim.server == backing.holder ? 1 : 0;
    strangers += claim.made == 0 ? 1 : 0;
  }
  RC_ASSERT(strangers <= kClaimsMax);
  RC_ASSERT(claims == (held ? 1u : 0u));
  const bool conflict = FindCondition(web.status.conditions, "ServerConflict") != nullptr;
  RC_ASSERT(conflict == (backing.claims.size() > 1));
  // Nothing is held against a spec but what failed of its own.
  const Condition* programmed = FindCondition(web.status.conditions, "Programmed");
  if (held && programmed->reason == "RebuildFailed") {
    RC_ASSERT(web.status.server->reported.rebuild_generation == web.metadata->generation);
  }
  if (pending.empty() || web.IsDeleting()) return;
  // Paused, nothing is asked; a server is made only where there is none, and rebuilt only for a
  // value that differs.
  RC_ASSERT(!web.spec->pause);
  RC_ASSERT((pending[0].verb == "CreateServer") == !held);
  if (pending[0].verb == "RebuildServer") {
    RC_ASSERT(web.status.server->reported.image != web.spec->server_spec->image);
  }
}

RC_GTEST_PROP(ServerProperty, ComesToRestAsTheSpecSays, ()) {
  testing::World world(BuiltinKinds());
  world.pick = [](size_t n) { return Pick<size_t>(0, n); };
  world.on_decision = [&](const testing::World&, const Decision& decision) {
    if (decision.command->entity == kWeb) CheckInvariants(world);
  };
  Region region(world);
  Apply(world);
  for (int step = 0; step < 60; ++step) {
    const int what = Pick(0, 15);
    if (what > 12) {
      if (what == 13) region.FailRebuild();
      if (what == 14) region.BeginRebuild();
    } else if (what == 0) {
      Apply(world);
    } else if (what == 1) {
      world.SendJson(kWeb, Chance(2) ? "Stop" : "Restart", "{}");
    } else if (what < 4) {
      region.Befall();
    } else if (what < 7) {
      region.CarryOut();
    } else if (what == 7) {
      world.Advance(Duration::Seconds(Pick(1, 30)));
    } else {
      world.DeliverOne();
    }
  }
  world.Settle();
  world.SendJson(kWeb, "Apply",
                 R"({"spec":{"backend":"server","server":{"flavor":"m9","image":"i9"}}})");
  world.Settle();
  const auto& resting = world.As<Instance>(kWeb);
  region.Heal(resting.status.server ? resting.status.server->name : "");
  world.Settle();
  for (int i = 0; i < 20; ++i) {
    // Refused where it has no server, or several, at the moment: it is to be off still.
    if (world.As<Instance>(kWeb).own.stop_wanted) world.SendJson(kWeb, "Start", "{}");
    if (!region.CarryOut()) world.Advance(Duration::Minutes(6));
    world.Settle();
  }
  const auto& web = world.As<Instance>(kWeb);
  if (web.status.phase != InstancePhase::kReady) RC_FAIL(world.Json(kWeb));
  RC_ASSERT(web.status.server->reported.flavor == "m9");
  RC_ASSERT(web.status.server->reported.image == "i9");

  world.Send(kWeb, Delete{});
  world.Settle();
  for (int i = 0; i < 20 && region.CarryOut(); ++i) world.Settle();
  RC_ASSERT(!world.Exists(kWeb));
}

}  // namespace
}  // namespace sluice
