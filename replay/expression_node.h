// What an expression is parsed into. For expression*.cc alone.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "replay/expression.h"

namespace sluice::replay {

using Value = nlohmann::json;

enum class Operator : uint8_t { kEqual, kNotEqual, kLess, kAtMost, kGreater, kAtLeast };

struct Operand {
  bool is_path = false;
  std::string path;
  Value value;
};

struct Expression::Node {
  enum class Sort : uint8_t { kAnd, kOr, kNot, kCompare, kPresent };
  Sort sort = Sort::kPresent;
  std::unique_ptr<const Node> left;
  std::unique_ptr<const Node> right;
  Operator op = Operator::kEqual;
  Operand a;
  Operand b;
};

}  // namespace sluice::replay
