#include "projections/resource_version.h"

#include <charconv>

namespace sluice {
namespace {

// Takes a decimal number off the front.
bool TakeNumber(std::string_view* text, uint64_t* number) {
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (fault != std::errc{}) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

bool TakeCharacter(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

std::string FormatPosition(uint32_t partition, uint64_t sequence) {
  return fmt::format("{}:{}", partition, sequence);
}

std::string FormatCoverage(const Coverage& coverage) {
  std::string text = "v";
  for (size_t i = 0; i < coverage.size(); ++i) {
    if (i > 0) text.push_back('.');
    text += std::to_string(coverage[i]);
  }
  return text;
}

Result<ResourceVersion> ParseResourceVersion(std::string_view text, uint32_t partitions) {
  const auto refused = [&](std::string_view why) {
    return Err(ErrorCode::kInvalid, "resourceVersion '{}' {}", text.substr(0, 100), why);
  };
  std::string_view rest = text;
  if (!TakeCharacter(&rest, 'v')) {
    uint64_t partition = 0;
    DecisionPosition position;
    if (!TakeNumber(&rest, &partition) || !TakeCharacter(&rest, ':') ||
        !TakeNumber(&rest, &position.sequence) || !rest.empty()) {
      return refused("is none of this cluster's");
    }
    if (partition >= partitions) return refused("names a partition there is not");
    position.partition = static_cast<uint32_t>(partition);
    return position;
  }
  Coverage coverage;
  do {
    uint64_t next = 0;
    if (!TakeNumber(&rest, &next)) return refused("is none of this cluster's");
    coverage.push_back(next);
  } while (TakeCharacter(&rest, '.') && coverage.size() <= partitions);
  if (!rest.empty()) return refused("is none of this cluster's");
  if (coverage.size() != partitions) return refused("is of another number of partitions");
  return coverage;
}

}  // namespace sluice
