// Work on many bytes that nobody waits for.
#pragma once

#include <optional>
#include <thread>
#include <utility>

namespace sluice {

// The calling thread gets what processor time and disk others leave. There is no way back: a thread
// of its own is asked for.
void YieldToOthers();

// Runs `work` on such a thread and waits for it. It must hold no lock that others want.
template <class Work>
auto Quietly(const Work& work) -> decltype(work()) {
  std::optional<decltype(work())> done;
  std::thread([&] {
    YieldToOthers();
    done.emplace(work());
  }).join();
  return std::move(*done);
}

}  // namespace sluice
