// Numbers as the node writes them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice {

// Of a member: a number, or its text where it is beyond 2^53; 0 where there is none.
inline uint64_t JsonNumber(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return 0;
  if (found->is_string()) return std::stoull(found->get<std::string>());
  return found->is_number() ? found->get<uint64_t>() : 0;
}

}  // namespace sluice
