// How names in a schema become names in C++ and JSON.
#pragma once

#include <string>

namespace sluice::codegen {

// "sluice.Lease" to "Lease". Schemas live in namespace sluice; another one throws.
std::string TypeName(const std::string& full_name);
// "observed_generation" to "observedGeneration".
std::string LowerCamelCase(const std::string& snake_case);
// `name`, with an underscore behind it when C++ has reserved it.
std::string MemberName(const std::string& name);
// A C++ string literal.
std::string Quoted(const std::string& text);

}  // namespace sluice::codegen
