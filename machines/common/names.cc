#include "machines/common/names.h"

#include <cctype>

#include "events/sha256.h"

namespace sluice {
namespace {

bool IsLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

std::string Join(const std::vector<std::string>& parts, char separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

}  // namespace

std::optional<std::string> DnsLabelFault(std::string_view text) {
  if (text.empty()) return "is empty; a DNS label has 1 to 63 of a-z, 0-9 and '-'";
  if (text.size() > kNameMax) {
    return "has " + std::to_string(text.size()) + " characters; a DNS label has at most 63";
  }
  for (char c : text) {
    if (!IsLabelCharacter(c)) {
      return "'" + std::string(text) + "' is no DNS label: only a-z, 0-9 and '-' are allowed";
    }
  }
  if (text.front() == '-' || text.back() == '-') {
    return "'" + std::string(text) + "' is no DNS label: it begins or ends with '-'";
  }
  return std::nullopt;
}

std::string DerivedNameWithHash(const std::vector<std::string>& parts) {
  return Join(parts, '-').substr(0, 54) + "-" + Sha256Hex(Join(parts, '/')).substr(0, 8);
}

std::string DerivedName(const std::vector<std::string>& parts) {
  std::string plain = Join(parts, '-');
  return plain.size() <= kNameMax ? plain : DerivedNameWithHash(parts);
}

std::optional<std::string> HttpUrlFault(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const bool named = !rest.empty() && rest.front() != '/';
    const bool clean = rest.find_first_of(" \t\r\n") == std::string_view::npos;
    return named && clean ? std::nullopt : std::optional<std::string>("names no host");
  }
  return "is neither http:// nor https://";
}

std::string SanitizeLabel(std::string_view text) {
  std::string label;
  for (char c : text) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool usable = IsLabelCharacter(lower) && lower != '-';
    if (usable) {
      label += lower;
    } else if (!label.empty() && label.back() != '-') {
      label += '-';
    }
  }
  while (!label.empty() && label.back() == '-') label.pop_back();
  return label;
}

}  // namespace sluice
