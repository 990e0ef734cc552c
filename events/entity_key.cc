#include "events/entity_key.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

// A fold parses a key per decision.
constexpr std::array<bool, 256> kInLabel = [] {
  std::array<bool, 256> in_label{};
  for (char c = 'a'; c <= 'z'; ++c) in_label[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) in_label[static_cast<unsigned char>(c)] = true;
  in_label['-'] = true;
  return in_label;
}();

}  // namespace

std::string EntityKey::ToString() const {
  std::string text;
  text.reserve(kind.size() + namespace_.size() + name.size() + 2);
  text.append(kind).append(1, '/').append(namespace_).append(1, '/').append(name);
  return text;
}

Result<EntityKey> ParseEntityKey(std::string_view text) {
  const size_t first = text.find('/');
  const size_t second = first == text.npos ? text.npos : text.find('/', first + 1);
  if (second == text.npos) {
    return Err(ErrorCode::kInvalid, "entity '{}' is not kind/namespace/name", text);
  }
  const std::string_view kind = text.substr(0, first);
  const std::string_view space = text.substr(first + 1, second - first - 1);
  const std::string_view name = text.substr(second + 1);
  if (!IsDnsLabel(kind)) return Err(ErrorCode::kInvalid, "kind '{}' is not a DNS label", kind);
  if (!IsDnsLabel(space)) {
    return Err(ErrorCode::kInvalid, "namespace '{}' is not a DNS label", space);
  }
  if (!IsDnsLabel(name)) return Err(ErrorCode::kInvalid, "name '{}' is not a DNS label", name);
  return EntityKey{std::string(kind), std::string(space), std::string(name)};
}

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return kInLabel[static_cast<unsigned char>(c)]; });
}

}  // namespace sluice
