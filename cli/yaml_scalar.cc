#include <charconv>
#include <cmath>
#include <regex>

#include "cli/yaml.h"

namespace sluice::cli {
namespace {

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

// In full and within 64 bits; otherwise it stays what it was, a string.
nlohmann::json Integer(std::string_view digits, int base, bool negative, const std::string& text) {
  uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return text;
  if (!negative) return magnitude;
  constexpr uint64_t kMinMagnitude = uint64_t{1} << 63;
  if (magnitude > kMinMagnitude) return text;
  return static_cast<int64_t>(~magnitude + 1);
}

}  // namespace

nlohmann::json ResolvePlainScalar(const std::string& text) {
  static const std::regex kDecimal("[-+]?[0-9]+");
  static const std::regex kOctal("0o[0-7]+");
  static const std::regex kHex("0x[0-9a-fA-F]+");
  static const std::regex kFloat(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  constexpr size_t kNumberBytesMax = 64;
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (IsOneOf(text, {"true", "True", "TRUE"})) return true;
  if (IsOneOf(text, {"false", "False", "FALSE"})) return false;
  const std::string_view view = text;
  if (view.size() > kNumberBytesMax) return text;
  const bool is_signed = view.front() == '-' || view.front() == '+';
  if (std::regex_match(text, kDecimal)) {
    return Integer(view.substr(is_signed ? 1 : 0), 10, view.front() == '-', text);
  }
  if (std::regex_match(text, kOctal)) return Integer(view.substr(2), 8, false, text);
  if (std::regex_match(text, kHex)) return Integer(view.substr(2), 16, false, text);
  if (std::regex_match(text, kFloat)) {
    const double number = std::strtod(text.c_str(), nullptr);
    if (std::isfinite(number)) return number;
  }
  return text;
}

}  // namespace sluice::cli
