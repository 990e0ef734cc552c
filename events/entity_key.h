// The address of one object, `kind/namespace/name`; that text is its key on every topic.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "events/result.h"

namespace sluice {

struct EntityKey {
  std::string kind;
  std::string namespace_;
  std::string name;

  std::string ToString() const;

  friend auto operator<=>(const EntityKey&, const EntityKey&) = default;
};

// kInvalid unless there are exactly three DNS labels; the message names the part at fault.
Result<EntityKey> ParseEntityKey(std::string_view text);

// 1 to 63 of a-z, 0-9 and '-', no dash at either end (RFC 1123).
bool IsDnsLabel(std::string_view text);

}  // namespace sluice
