#include "machines/common/context.h"

#include <fmt/format.h>

#include "events/logical.h"

namespace sluice {

std::string UidFromOrigin(const Origin& origin) {
  const std::string hex = ToHex(LogicalHash(origin));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

std::string CommandIdFromOrigin(const Origin& origin) {
  return fmt::format("{}-{}-{}-{}", ToHex(origin.epoch).substr(0, 8), ToString(origin.input),
                     origin.partition, origin.offset);
}

EntityKey EventSelf::Parts() const { return key_ != nullptr ? *key_ : KeyOrDie(text_); }

EntityKey KeyOrDie(std::string_view text) {
  auto key = ParseEntityKey(text);
  if (!key) throw InvariantViolation(key.error().message);
  return *key;
}

}  // namespace sluice
