// Changes handed over and taken, refused, told twice or too late, in whatever order: the target
// hears each once, in the order they happened, and nothing is left when it has heard all.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "machines/announcement/announcement.h"
#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"

namespace sluice {
namespace {

using testing::Below;
using testing::Chance;
using testing::World;

constexpr char kEntity[] = "announcement/default/web";
constexpr char kInstance[] = "instance/default/web";

RC_GTEST_PROP(AnnouncementProperty, EachChangeIsTakenOnceAndInOrder, ()) {
  World world(BuiltinKinds());
  world.deliver = false;
  std::deque<std::string> waiting;
  int made = 0;
  const auto report = [&](const std::string& id, bool taken) {
    return world.Send(
        kEntity, ReportAnnounced{.id = id,
                                 .status = taken ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                                 .message = "503"});
  };
  const size_t steps = Below(80);
  for (size_t i = 0; i < steps || !waiting.empty(); ++i) {
    const size_t choice = i < steps ? Below(6) : 5;
    if (choice < 2) {
      const std::string id = "u/" + std::to_string(++made);
      world.SendFrom(kInstance, kEntity,
                     AnnouncePhase{.target = "http://here/", .change = {.id = id}});
      waiting.push_back(id);
    } else if (choice == 2) {
      world.Advance(Duration::Seconds(static_cast<int64_t>(Below(400))));
    } else if (choice == 3) {
      // About one that was taken before, or is not its turn.
      const std::string id = "u/" + std::to_string(1 + Below(static_cast<size_t>(made) + 1));
      if (waiting.empty() || id != waiting.front()) {
        RC_ASSERT(report(id, Chance(2)).verdict == Verdict::kIgnored);
      }
    } else {
      const auto pending = world.Pending(kEntity);
      if (pending.empty()) {
        world.Advance(Duration::Minutes(6));
        continue;
      }
      RC_ASSERT(!waiting.empty());
      RC_ASSERT(pending.size() == 1u);
      RC_ASSERT(pending.front().target == std::string(kEntity) + "/" + waiting.front());
      const bool taken = i >= steps || !Chance(3);
      report(waiting.front(), taken);
      if (taken) waiting.pop_front();
    }
    const auto& announcement = world.As<Announcement>(kEntity);
    RC_ASSERT(announcement.Exists() == !waiting.empty());
    if (waiting.empty()) continue;
    RC_ASSERT(announcement.status.change.id == waiting.front());
    RC_ASSERT(announcement.status.waiting == waiting.size() - 1);
    RC_ASSERT(world.Pending(kEntity).empty() ==
              (announcement.status.phase == AnnouncementPhase::kBackingOff));
  }
}

}  // namespace
}  // namespace sluice
