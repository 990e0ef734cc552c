// Trace: the last steps of a simulation, for whoever reads of its failure.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <string>

namespace sluice::simulator {

class Trace {
 public:
  void Add(std::string step) {
    steps_.push_back(fmt::format("{:>6} {}", next_++, std::move(step)));
    if (steps_.size() > kKept) steps_.pop_front();
  }
  std::string Text() const {
    std::string text;
    for (const std::string& step : steps_) text += step + '\n';
    return text;
  }
  uint64_t count() const { return next_; }

 private:
  static constexpr size_t kKept = 50;
  std::deque<std::string> steps_;
  uint64_t next_ = 0;
};

}  // namespace sluice::simulator
