// Failures on demand: which steps of which servers go wrong, and how often.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "events/result.h"

namespace sluice::region {

// "STEP [flavor=F] [image=I] [tag=KEY=VALUE] [times=N]"; STEP is create, build or rebuild. All that
// is named must match; without `times` it fails every time.
struct FaultRule {
  std::string step = {};
  std::string flavor = {};
  std::string image = {};
  std::string tag = {};  // "KEY=VALUE"
  uint32_t times = 0;

  bool operator==(const FaultRule&) const = default;
};

// kInvalid, naming the word at fault.
Result<FaultRule> ParseFaultRule(const std::string& text);
std::string ToString(const FaultRule& rule);

class Faults {
 public:
  void Add(FaultRule rule) { rules_.push_back(std::move(rule)); }
  void Clear() { rules_.clear(); }
  const std::vector<FaultRule>& rules() const { return rules_; }

  // Whether this step fails; uses up one of the first matching rule's times.
  bool Strikes(const std::string& step, const std::string& flavor, const std::string& image,
               const std::map<std::string, std::string>& tags);

 private:
  std::vector<FaultRule> rules_;
};

}  // namespace sluice::region
