// Findings: what a simulation found broken, named by invariant (design: invariants). The first one
// counts; a simulation stops at it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace sluice::simulator {

class Findings {
 public:
  bool any() const { return !first_.empty(); }
  const std::string& first() const { return first_; }

  // Returns `holds`. `invariant` is an id of design §5, or the name of a plane.
  template <class... Args>
  bool Expect(bool holds, std::string_view invariant, fmt::format_string<Args...> format,
              Args&&... args) {
    if (!holds && first_.empty()) {
      first_ = fmt::format("{}: {}", invariant, fmt::format(format, std::forward<Args>(args)...));
    }
    return holds;
  }

 private:
  std::string first_;
};

}  // namespace sluice::simulator
