// Users of widgets (the engine's test kind), of settings, and of what does not exist.
#include "engine/tests/widget.h"
#include "machines/clusterconfig/settings.h"
#include "tests/simulator/workload.h"

namespace sluice::simulator {
namespace {

std::string AnyWidget(Random& random) { return fmt::format("widget/default/w{}", random.Below(6)); }

Command Settings(Random& random) {
  ClusterConfigApply apply;
  apply.spec.retry_first = Duration::Seconds(static_cast<int64_t>(random.Between(1, 9)));
  // Long enough that an id does not run out between two looks, or so short that it does.
  apply.spec.idempotency_window = random.Chance(500) ? Duration::Hours(24) : Duration::Minutes(5);
  if (random.Chance(100)) apply.spec.level = 99;
  return MakeCommand(std::string(kClusterConfigKey), apply);
}

Command Nonsense(Random& random) {
  switch (random.Below(5)) {
    case 0:
      return MakeCommand("gizmo/default/a", AddAmount{.amount = 1});
    case 1:
      return MakeCommand("widget//Nobody Here/", AddAmount{.amount = 1});
    case 2:
      return MakeCommand(AnyWidget(random), Hear{.amount = 1});
    case 3:
      return MakeCommand(AnyWidget(random), WidgetReply{.total = 1});
    case 4:
      return MakeCommand(AnyWidget(random), TimerDue{.id = "ring", .due = {}});
  }
  Unreachable();
}

}  // namespace

void AddCoreUsers(Workload& workload, Random& random) {
  // Each seed leans elsewhere: some never break anything, some hardly do anything else.
  const auto weight = [&](uint32_t usual) {
    return static_cast<uint32_t>(random.Chance(250) ? usual * 4 : usual);
  };
  const auto rare = [&](uint32_t usual) { return random.Chance(500) ? weight(usual) : 0; };
  workload.Add(weight(20), [](Random& r) {
    return MakeCommand(AnyWidget(r),
                       WidgetApply{.spec = {.color = r.Chance(500) ? "red" : "blue"}});
  });
  workload.Add(weight(30), [](Random& r) {
    return MakeCommand(AnyWidget(r), AddAmount{.amount = static_cast<int64_t>(r.Below(6)) - 1});
  });
  workload.Add(weight(15), [](Random& r) {
    return MakeCommand(
        AnyWidget(r), Tell{.target = AnyWidget(r), .times = static_cast<int32_t>(r.Between(1, 4))});
  });
  workload.Add(weight(8),
               [](Random& r) { return MakeCommand(AnyWidget(r), Ask{.target = AnyWidget(r)}); });
  workload.Add(weight(10), [](Random& r) {
    return MakeCommand(AnyWidget(r),
                       Arm{.after = Duration::Seconds(static_cast<int64_t>(r.Below(90)))});
  });
  workload.Add(weight(4), [](Random& r) { return MakeCommand(AnyWidget(r), Delete{}); });
  workload.Add(rare(4), [](Random& r) {
    return MakeCommand(AnyWidget(r), SetFaulty{.faulty = r.Chance(500)});
  });
  workload.Add(rare(3), [](Random& r) { return MakeCommand(AnyWidget(r), BreakTable{}); });
  workload.Add(weight(6),
               [](Random& r) { return MakeCommand(AnyWidget(r), Release{.skip = r.Chance(300)}); });
  workload.Add(2, Settings);
  workload.Add(weight(3), Nonsense);
  workload.Add(random.Chance(100) ? 1 : 0,
               [](Random& r) { return MakeCommand(AnyWidget(r), Swell{.bytes = 600 * 1024}); });
}

}  // namespace sluice::simulator
