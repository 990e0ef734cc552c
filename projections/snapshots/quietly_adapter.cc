#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "projections/snapshots/quietly.h"

namespace sluice {

void YieldToOthers() {
  // linux/ioprio.h is not installed everywhere: class above bit 13, level below.
  constexpr int kOfThread = 1;
  constexpr int kLastOfBestEffort = (2 << 13) + 7;
  constexpr int kLowestNice = 19;
  // On Linux a thread has a priority of its own. Where it cannot be lowered, it is as it was.
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  (void)setpriority(PRIO_PROCESS, thread, kLowestNice);
  (void)syscall(SYS_ioprio_set, kOfThread, thread, kLastOfBestEffort);
}

}  // namespace sluice
