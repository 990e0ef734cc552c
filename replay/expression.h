// Expression: a question to an object's fields that is true or false of it.
//
//   status.phase == 'Degraded' and not (spec.replicas >= 3 or status.conditions[type=Ready].status
//   != 'True')
//
// Operands are field paths (events/paths.h), texts in single or double quotes, numbers, true, false
// and null (an absent field). == and != compare anything; <, <=, >, >= numbers; times and durations
// are compared as what they are, other texts by their bytes. A path alone asks whether something is
// there that is not false. Precedence: not, and, or.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/descriptor.h"
#include "events/result.h"

namespace sluice::replay {

// By the name of their kind.
using NamedTypes = std::vector<std::pair<std::string, const Type*>>;

class Expression {
 public:
  // kInvalid: says what is wrong in which column, counted from 1.
  static Result<Expression> Parse(std::string_view text);

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  bool Holds(const Type& type, const void* table) const;
  // Whether objects of one of the types may have each field it names, with the value it is compared
  // with: what none can have holds nowhere. kInvalid: says which.
  Result<void> Check(const NamedTypes& types) const;

  struct Node;

 private:
  explicit Expression(std::unique_ptr<const Node> root);

  std::unique_ptr<const Node> root_;
};

}  // namespace sluice::replay
