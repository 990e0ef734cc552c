// Guards: an expression over what earlier resources of the component report.
//
//   or         = and { "||" and }
//   and        = unary { "&&" unary }
//   unary      = "!" unary | comparison
//   comparison = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=") operand ]
//   operand    = "(" or ")" | path | 'text' | "text" | number | "true" | "false" | "null"
//   path       = "resources." id ("." name | "[" index "]")+
//
// A path's second name is data, status, message, ready or desired. What is not there is null, and
// null, '' and absent are equal; alone, a value holds unless it is null, '', false or 0. Numbers
// compare as numbers, everything else as text.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace sluice::component {

struct GuardFault {
  size_t column = 0;  // from 1
  std::string message;
};

// The canonical JSON of `path` ("data.endpoint") of resource `id`; nothing when it is not there.
using GuardLookup =
    std::function<std::optional<std::string>(std::string_view id, std::string_view path)>;

// Ids that the expression reads, in the order they stand in.
tl::expected<std::vector<std::string>, GuardFault> GuardReads(std::string_view expression);
// Of an expression that GuardReads accepts.
bool GuardHolds(std::string_view expression, const GuardLookup& lookup);

}  // namespace sluice::component
