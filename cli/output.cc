#include "cli/output.h"

#include "cli/yaml.h"

namespace sluice::cli {

void Output::Declare(Arguments& arguments) {
  arguments.Choice("-o,--output", &form, {"table", "wide", "json", "yaml"}, "How to print [table]");
}

void PrintValue(const nlohmann::json& value, const Output& output, std::ostream& out) {
  if (output.form == "yaml") {
    out << "---\n" << WriteYaml(value);
  } else {
    out << value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
  out.flush();
}

}  // namespace sluice::cli
