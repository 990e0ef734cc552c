#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/api_error.h"

namespace sluice::service {

// A request target taken apart: `/a/b?x=1` is path {"a","b"} and parameter x. Percent-decoded;
// empty path segments are dropped. The first of repeated parameters counts.
class Target {
 public:
  static Answer<Target> Parse(std::string_view text);

  const std::vector<std::string>& path() const { return path_; }

  // Null when absent.
  const std::string* Find(std::string_view name) const;
  std::string Get(std::string_view name) const;  // empty when absent
  // Absent is `fallback`; anything but true, false, 1, 0 and the empty string (true) is 400.
  Answer<bool> GetBool(std::string_view name, bool fallback = false) const;
  Answer<std::optional<uint64_t>> GetNumber(std::string_view name) const;

 private:
  std::vector<std::string> path_;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace sluice::service
