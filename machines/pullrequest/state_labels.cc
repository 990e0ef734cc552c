#include "machines/pullrequest/state_labels.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sluice::pullrequest {
namespace {

using Phase = PullRequestPhase;

constexpr std::array kLabelled = {Phase::kDiscovered, Phase::kQualified, Phase::kMerging,
                                  Phase::kFailed,     Phase::kMerged,    Phase::kClosed};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

std::string LabelOf(Phase phase, std::string_view prefix) {
  if (std::find(kLabelled.begin(), kLabelled.end(), phase) == kLabelled.end()) return "";
  return std::string(prefix) + Lower(ToString(phase));
}

bool SameLabel(std::string_view a, std::string_view b) { return Lower(a) == Lower(b); }

bool HasLabel(const std::vector<std::string>& labels, std::string_view label) {
  return std::any_of(labels.begin(), labels.end(),
                     [&](const std::string& other) { return SameLabel(other, label); });
}

bool SameLabels(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto within = [](const auto& some, const auto& all) {
    return std::all_of(some.begin(), some.end(),
                       [&](const std::string& label) { return HasLabel(all, label); });
  };
  return within(a, b) && within(b, a);
}

std::optional<Phase> PhaseOfLabel(std::string_view label, std::string_view prefix) {
  for (const Phase phase : kLabelled) {
    if (SameLabel(label, LabelOf(phase, prefix))) return phase;
  }
  return std::nullopt;
}

std::vector<std::string> StateLabels(const std::vector<std::string>& labels,
                                     std::string_view prefix) {
  std::vector<std::string> ours;
  for (const std::string& label : labels) {
    if (PhaseOfLabel(label, prefix)) ours.push_back(label);
  }
  return ours;
}

}  // namespace sluice::pullrequest
