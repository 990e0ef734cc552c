// Names: DNS labels, and names a parent derives for its children.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

inline constexpr size_t kNameMax = 63;

// nullopt, or why `text` is no DNS label (1-63 of a-z0-9-, no dash at either end).
std::optional<std::string> DnsLabelFault(std::string_view text);

// The parts joined by "-"; over 63 characters: the first 54, "-", and 8 hex digits of
// SHA-256(parts joined by "/").
std::string DerivedName(const std::vector<std::string>& parts);
// The same with the hash whatever the length: for when the plain name is another's.
std::string DerivedNameWithHash(const std::vector<std::string>& parts);

// nullopt, or why `text` is no URL that HTTP requests can go to.
std::optional<std::string> HttpUrlFault(std::string_view text);

// Lower case, everything else a dash, no dash at either end or twice; may be empty.
std::string SanitizeLabel(std::string_view text);

}  // namespace sluice
