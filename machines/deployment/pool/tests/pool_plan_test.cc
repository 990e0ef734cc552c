#include "machines/deployment/pool/pool_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "machines/common/testing/pick.h"

namespace sluice::pool {
namespace {

using testing::Pick;

TEST(PoolPlan, MakesWhatIsMissingAndNothingForAnEmptyPool) {
  EXPECT_EQ(Plan({.wanted = 3}), (PoolPlan{.create = 3}));
  EXPECT_EQ(Plan({.wanted = 0}), PoolPlan{});
  EXPECT_EQ(Plan({.wanted = 3, .steady = 3}), PoolPlan{});
}

TEST(PoolPlan, UpdatesOneAtATimeByDefault) {
  EXPECT_EQ(Plan({.wanted = 3, .outdated = 3}),
            (PoolPlan{.update_outdated = 1, .later_update = 2}));
  EXPECT_EQ(Plan({.wanted = 3, .waiting = 1, .outdated = 2}), (PoolPlan{.later_update = 2}));
  // Those that are down as it is cost nothing.
  EXPECT_EQ(Plan({.wanted = 3, .stale = 1, .outdated = 2}),
            (PoolPlan{.update_stale = 1, .later_update = 2}));
}

TEST(PoolPlan, SurgesWhereNoneMayBeDown) {
  const PoolCounts pool{.wanted = 3, .max_unavailable = 0, .max_surge = 1, .outdated = 3};
  EXPECT_EQ(Plan(pool), (PoolPlan{.create = 1, .later_update = 3}));
  PoolCounts surged = pool;
  surged.steady = 1;
  EXPECT_EQ(Plan(surged), (PoolPlan{.update_outdated = 1, .later_update = 2}));
  // Up to date: the one too many goes.
  EXPECT_EQ(Plan({.wanted = 3, .max_unavailable = 0, .max_surge = 1, .steady = 4}),
            (PoolPlan{.remove_steady = 1}));
}

TEST(PoolPlan, WhoWasStoodInForGoesAndIsNotUpdatedFirst) {
  const PoolCounts pool{.wanted = 4, .max_unavailable = 2, .max_surge = 1};
  PoolCounts last = pool;
  last.waiting = 2;
  last.outdated = 1;
  last.steady = 2;
  EXPECT_EQ(Plan(last), (PoolPlan{.remove_outdated = 1}));
  last.max_unavailable = 0;  // It serves until another does.
  EXPECT_EQ(Plan(last), (PoolPlan{.later_remove = 1}));
  last.waiting = 0;
  last.steady = 4;
  EXPECT_EQ(Plan(last), (PoolPlan{.remove_outdated = 1}));
  // One that is down serves nobody.
  EXPECT_EQ(Plan({.wanted = 2, .max_surge = 1, .stale = 1, .waiting = 1, .steady = 1}),
            (PoolPlan{.remove_stale = 1}));
}

TEST(PoolPlan, RemovesTheWorstFirst) {
  EXPECT_EQ(Plan({.wanted = 1, .stale = 1, .waiting = 1, .outdated = 1, .steady = 1}),
            (PoolPlan{.remove_stale = 1, .remove_waiting = 1, .remove_outdated = 1}));
}

TEST(PoolPlan, EvictedAndTerminalOnesGoAndAreMadeUpForOnceTheyAreGone) {
  EXPECT_EQ(Plan({.wanted = 2, .evicted = 1, .steady = 2}), (PoolPlan{.remove_evicted = 1}));
  EXPECT_EQ(Plan({.wanted = 3, .terminal = 1, .steady = 2}),
            (PoolPlan{.remove_terminal = 1, .later_create = 1}));
  EXPECT_EQ(Plan({.wanted = 3, .steady = 2, .backs_off = true}), (PoolPlan{.later_create = 1}));
  EXPECT_EQ(Plan({.wanted = 2, .stale = 1, .outdated = 1, .backs_off = true}),
            (PoolPlan{.later_update = 2}));
}

TEST(PoolHealth, IsOneWordForAGroup) {
  EXPECT_STREQ(GroupHealth(0, 0, 0, 0), "Healthy");
  EXPECT_STREQ(GroupHealth(3, 3, 0, 0), "Healthy");
  EXPECT_STREQ(GroupHealth(3, 0, 3, 0), "Errored");
  EXPECT_STREQ(GroupHealth(3, 0, 0, 3), "Unknown");
  EXPECT_STREQ(GroupHealth(3, 2, 1, 0), "Degraded");
  EXPECT_STREQ(GroupHealth(3, 0, 1, 2), "Degraded");
}

// --- Against a pool that lives -------------------------------------------------------------------

struct Member {
  bool ready = false;
  bool current = true;
  bool leaving = false;
};

class Pool {
 public:
  PoolCounts counts;
  std::vector<Member> members;

  PoolCounts Count() const {
    PoolCounts now = counts;
    for (const Member& member : members) {
      uint32_t& sum = member.leaving                   ? now.leaving
                      : member.ready && member.current ? now.steady
                      : member.ready                   ? now.outdated
                      : member.current                 ? now.waiting
                                                       : now.stale;
      ++sum;
    }
    return now;
  }
  uint32_t Ready() const {
    return static_cast<uint32_t>(std::count_if(
        members.begin(), members.end(), [](const Member& m) { return m.ready && !m.leaving; }));
  }

  void CarryOut(const PoolPlan& plan) {
    Change(plan.remove_stale, false, false, [](Member& m) { m.leaving = true; });
    Change(plan.remove_waiting, false, true, [](Member& m) { m.leaving = true; });
    Change(plan.remove_outdated, true, false, [](Member& m) { m.leaving = true; });
    Change(plan.remove_steady, true, true, [](Member& m) { m.leaving = true; });
    const auto update = [](Member& m) { m = {.ready = false, .current = true}; };
    Change(plan.update_outdated, true, false, update);
    Change(plan.update_stale, false, false, update);
    members.resize(members.size() + plan.create);
  }

 private:
  template <class F>
  void Change(uint32_t number, bool ready, bool current, F change) {
    for (Member& member : members) {
      if (number == 0) return;
      if (member.leaving || member.ready != ready || member.current != current) continue;
      change(member);
      --number;
    }
    RC_ASSERT(number == 0u);
  }
};

RC_GTEST_PROP(PoolPlanProperty, NeverTakesDownMoreNorMakesMoreThanMayBe, ()) {
  Pool pool;
  pool.counts.wanted = Pick(0u, 8u);
  pool.counts.max_surge = Pick(0u, 4u);
  pool.counts.max_unavailable = Pick(pool.counts.max_surge == 0 ? 1u : 0u, 4u);
  for (int step = 0; step < 60; ++step) {
    const uint32_t needed = pool.counts.wanted > pool.counts.max_unavailable
                                ? pool.counts.wanted - pool.counts.max_unavailable
                                : 0;
    const uint32_t ready = pool.Ready();
    const size_t before = pool.members.size();
    pool.CarryOut(Plan(pool.Count()));
    // What was up by itself may be less than needed; the plan takes nothing of that.
    RC_ASSERT(pool.Ready() >= std::min(ready, needed));
    if (pool.members.size() > before) {
      RC_ASSERT(pool.members.size() <= pool.counts.wanted + pool.counts.max_surge);
    }
    const int what = Pick(0, 10);
    if (what == 0) {
      for (Member& member : pool.members) member.current = false;  // another template
    } else if (what == 1) {
      pool.counts.wanted = Pick(0u, 8u);
    } else if (!pool.members.empty()) {
      const size_t i = Pick<size_t>(0, pool.members.size());
      if (pool.members[i].leaving) {
        pool.members.erase(pool.members.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        pool.members[i].ready = what != 2;
      }
    }
  }
}

RC_GTEST_PROP(PoolPlanProperty, ComesToRestWithAllUpToDate, ()) {
  Pool pool;
  pool.counts.wanted = Pick(0u, 8u);
  pool.counts.max_surge = Pick(0u, 4u);
  pool.counts.max_unavailable = Pick(pool.counts.max_surge == 0 ? 1u : 0u, 4u);
  const size_t members = Pick<size_t>(0, 12);
  for (size_t i = 0; i < members; ++i) {
    pool.members.push_back({.ready = Pick(0, 2) == 0, .current = Pick(0, 2) == 0});
  }
  for (int step = 0; step < 200; ++step) {
    pool.CarryOut(Plan(pool.Count()));
    std::erase_if(pool.members, [](const Member& m) { return m.leaving; });
    for (Member& member : pool.members) member.ready = member.ready || Pick(0, 2) == 0;
  }
  RC_ASSERT(pool.members.size() == pool.counts.wanted);
  for (const Member& member : pool.members) RC_ASSERT(member.ready && member.current);
}

}  // namespace
}  // namespace sluice::pool
