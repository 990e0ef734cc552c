#include "providers/region/faults.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

namespace sluice::region {
namespace {

bool IsStep(const std::string& word) {
  return word == "create" || word == "build" || word == "rebuild";
}

bool Matches(const FaultRule& rule, const std::string& step, const std::string& flavor,
             const std::string& image, const std::map<std::string, std::string>& tags) {
  if (rule.step != step) return false;
  if (!rule.flavor.empty() && rule.flavor != flavor) return false;
  if (!rule.image.empty() && rule.image != image) return false;
  if (rule.tag.empty()) return true;
  const size_t equals = rule.tag.find('=');
  const auto found = tags.find(rule.tag.substr(0, equals));
  return found != tags.end() && found->second == rule.tag.substr(equals + 1);
}

}  // namespace

Result<FaultRule> ParseFaultRule(const std::string& text) {
  std::istringstream words(text);
  FaultRule rule;
  words >> rule.step;
  if (!IsStep(rule.step)) {
    return Err(ErrorCode::kInvalid, "'{}' is no step that can fail: create, build or rebuild",
               rule.step);
  }
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "flavor" && !value.empty()) {
      rule.flavor = value;
    } else if (name == "image" && !value.empty()) {
      rule.image = value;
    } else if (name == "tag" && value.find('=') != std::string::npos) {
      rule.tag = value;
    } else if (name == "times") {
      const auto [end, error] =
          std::from_chars(value.data(), value.data() + value.size(), rule.times);
      if (error != std::errc() || end != value.data() + value.size() || rule.times == 0) {
        return Err(ErrorCode::kInvalid, "'{}': times is a number above 0", word);
      }
    } else {
      return Err(ErrorCode::kInvalid, "'{}' should be flavor=F, image=I, tag=KEY=VALUE or times=N",
                 word);
    }
  }
  return rule;
}

std::string ToString(const FaultRule& rule) {
  std::string text = rule.step;
  if (!rule.flavor.empty()) text += " flavor=" + rule.flavor;
  if (!rule.image.empty()) text += " image=" + rule.image;
  if (!rule.tag.empty()) text += " tag=" + rule.tag;
  if (rule.times != 0) text += fmt::format(" times={}", rule.times);
  return text;
}

bool Faults::Strikes(const std::string& step, const std::string& flavor, const std::string& image,
                     const std::map<std::string, std::string>& tags) {
  for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
    if (!Matches(*rule, step, flavor, image, tags)) continue;
    if (rule->times != 0 && --rule->times == 0) rules_.erase(rule);
    return true;
  }
  return false;
}

}  // namespace sluice::region
