// Steps of `sluice replay`, printed one after the other or walked through on a terminal.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "cli/environment.h"

namespace sluice::cli {

struct StepView {
  bool state = false;  // the whole state, too
};

void PrintStep(const nlohmann::json& step, StepView view, std::ostream& out);

// Asks for what to do after each step: on, back, to the first or last, to a number, state, quit.
void StepThrough(const std::vector<nlohmann::json>& steps, Environment& environment);

}  // namespace sluice::cli
