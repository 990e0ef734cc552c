// Leases asked for, released, taken over and lost with the location itself, by several providers:
// one holder at most, and a term that only rises, so a report's term always tells an old one from
// now.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/location/location.h"

namespace sluice {
namespace {

using testing::Below;
using testing::OneOf;
using testing::World;

constexpr char kHere[] = "location/default/here";

RC_GTEST_PROP(LocationProperty, OneHolderAndTermsThatRise, ()) {
  static const std::vector<std::string> kHolders = {"h1", "h2", "h3"};
  World world(BuiltinKinds());
  world.deliver = false;
  std::string holder;
  uint64_t term = 0;
  bool there = false;
  const size_t steps = Below(60);
  for (size_t i = 0; i < steps; ++i) {
    const std::string asker = OneOf(kHolders);
    switch (Below(6)) {
      case 0: {
        LocationApply apply;
        apply.spec.provider = "local";
        world.Send(kHere, apply);
        there = true;
        break;
      }
      case 1:
      case 2: {
        const Decision decision =
            world.Send(kHere, AcquireLease{.provider = "local", .holder = asker});
        const bool granted = there && (holder.empty() || holder == asker);
        RC_ASSERT((decision.verdict == Verdict::kAccepted) == granted);
        if (!granted) break;
        holder = asker;
        RC_ASSERT(decision.reply.As<LeaseGranted>()->term == ++term);
        break;
      }
      case 3: {
        const Decision decision =
            world.Send(kHere, TakeOverLease{.provider = "local", .holder = asker});
        RC_ASSERT((decision.verdict == Verdict::kAccepted) == there);
        if (!there) break;
        holder = asker;
        RC_ASSERT(decision.reply.As<LeaseGranted>()->term == ++term);
        break;
      }
      case 4: {
        // Of a term that has passed, it is not released.
        const bool old = term > 1 && Below(3) == 0;
        world.Send(kHere, ReleaseLease{.holder = asker, .term = old ? term - 1 : term});
        if (!old && holder == asker) holder.clear();
        break;
      }
      default:
        world.Send(kHere, Delete{});
        there = false;
        holder.clear();
    }
    const auto& location = world.As<Location>(kHere);
    RC_ASSERT(location.Exists() == there);
    RC_ASSERT(location.last_term == term);
    if (!there) continue;
    RC_ASSERT(location.status.lease.holder == holder);
    RC_ASSERT(IsTrue(location.status.conditions, "Ready") == !holder.empty());
    RC_ASSERT(holder.empty() || location.status.lease.term == term);
  }
}

}  // namespace
}  // namespace sluice
