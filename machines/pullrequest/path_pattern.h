// Globs over repository paths, with captures.
//
// `*` any characters and `?` one within a segment, `**` as a segment any number of segments,
// `{component}`, `{environment}` and `{cluster}` at least one character within a segment. Matching
// takes time bounded by the product of the two lengths, whatever the pattern.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

using PathCaptures = std::map<std::string, std::string>;

// nullopt, or what is wrong with the pattern.
std::optional<std::string> PathPatternFault(std::string_view pattern);

// What the pattern captures of the path, or nothing if it does not match. The leftmost parts are
// as short as they can be. `pattern` has no fault.
std::optional<PathCaptures> MatchPath(std::string_view pattern, std::string_view path);

}  // namespace sluice
