// What the threads on a command's way ask of the operating system.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace sluice {

// Names the calling thread (15 characters are kept) for top, perf and debuggers, and asks for short
// slices of processor time: from Linux 6.12 on, a thread that wakes up then takes the processor
// from one with longer slices (a compaction, a neighbour) at once and not when that one's slice is
// over. Its share stays what it was. Where that is not known, nothing happens.
inline void BecomePromptThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  // As in sched_setattr(2), which glibc does not declare.
  struct {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
  } attributes = {};
  attributes.size = sizeof(attributes);
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return;
  constexpr uint32_t kNormalPolicy = 0;
  constexpr uint64_t kSliceNs = 200'000;
  if (attributes.policy != kNormalPolicy) return;
  attributes.runtime_ns = kSliceNs;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace sluice
