// -o table|wide|json|yaml.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>

#include "cli/arguments.h"

namespace sluice::cli {

struct Output {
  std::string form = "table";

  bool is_table() const { return form == "table" || form == "wide"; }
  bool is_wide() const { return form == "wide"; }
  void Declare(Arguments& arguments);
};

// json or yaml, as `output` says; each value of a stream is its own document.
void PrintValue(const nlohmann::json& value, const Output& output, std::ostream& out);

}  // namespace sluice::cli
