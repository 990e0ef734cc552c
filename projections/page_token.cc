#include "projections/page_token.h"

#include <charconv>

namespace sluice {

std::string FormatPageToken(const PageToken& token) {
  std::string text = token.past ? fmt::format("past-{}-", token.time.us) : "";
  text += FormatCoverage(token.coverage) + "-" + std::to_string(token.partition) + "-";
  for (const char c : token.last) text += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return text;
}

Result<PageToken> ParsePageToken(std::string_view text, uint32_t partitions) {
  const auto refused = [&] {
    return Err(ErrorCode::kInvalid, "continue: '{}' is no token of this cluster",
               text.substr(0, 100));
  };
  PageToken token;
  token.past = text.starts_with("past-");
  if (token.past) {
    text.remove_prefix(5);
    const auto time = std::from_chars(text.data(), text.data() + text.size(), token.time.us);
    if (time.ec != std::errc{} || !text.substr(time.ptr - text.data()).starts_with('-')) {
      return refused();
    }
    text.remove_prefix(static_cast<size_t>(time.ptr - text.data()) + 1);
  }
  const size_t first = text.find('-');
  const size_t second = first == text.npos ? text.npos : text.find('-', first + 1);
  if (second == text.npos) return refused();
  auto version = ParseResourceVersion(text.substr(0, first), partitions);
  const auto* coverage = version ? std::get_if<Coverage>(&*version) : nullptr;
  if (coverage == nullptr) return refused();
  token.coverage = *coverage;
  const auto number = text.substr(first + 1, second - first - 1);
  const char* number_end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), number_end, token.partition);
  if (parsed.ec != std::errc{} || parsed.ptr != number_end) return refused();
  const std::string_view hex = text.substr(second + 1);
  if (hex.size() % 2 != 0) return refused();
  for (size_t i = 0; i < hex.size(); i += 2) {
    uint8_t byte = 0;
    const auto digits = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (digits.ec != std::errc{} || digits.ptr != hex.data() + i + 2) return refused();
    token.last.push_back(static_cast<char>(byte));
  }
  return token;
}

}  // namespace sluice
