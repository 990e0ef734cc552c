// The labels by which a pull request's state shows at GitHub. All other labels are somebody else's
// and never touched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/delivery.gen.h"

namespace sluice::pullrequest {

// "sluice/qualified"; empty for phases that have none.
std::string LabelOf(PullRequestPhase phase, std::string_view prefix);

// GitHub takes `Sluice/Qualified` for the same label.
bool SameLabel(std::string_view a, std::string_view b);
bool HasLabel(const std::vector<std::string>& labels, std::string_view label);
bool SameLabels(const std::vector<std::string>& a, const std::vector<std::string>& b);

std::optional<PullRequestPhase> PhaseOfLabel(std::string_view label, std::string_view prefix);

// Those of `labels` that are state labels, as GitHub spells them.
std::vector<std::string> StateLabels(const std::vector<std::string>& labels,
                                     std::string_view prefix);

}  // namespace sluice::pullrequest
