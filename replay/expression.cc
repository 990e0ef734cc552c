#include "replay/expression.h"

#include <optional>

#include "events/basic_types.h"
#include "events/paths.h"
#include "replay/expression_node.h"

namespace sluice::replay {
namespace {

using Node = Expression::Node;

Value ValueOf(const Operand& operand, const Type& type, const void* table) {
  if (!operand.is_path) return operand.value;
  const auto text = GetPath(type, table, operand.path);
  if (!text) return nullptr;
  return Value::parse(*text, nullptr, false);
}

// Times and durations are texts in JSON; as numbers they can be ordered.
std::optional<double> AsNumber(const Value& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (const auto time = ParseTime(text)) return static_cast<double>(time->us);
  if (const auto duration = ParseDuration(text)) return static_cast<double>(duration->us);
  return std::nullopt;
}

bool Compare(Operator op, const Value& a, const Value& b) {
  if (op == Operator::kEqual) return a == b;
  if (op == Operator::kNotEqual) return a != b;
  if (a.is_null() || b.is_null()) return false;
  const auto x = AsNumber(a);
  const auto y = AsNumber(b);
  int order = 0;
  if (x && y) {
    order = *x < *y ? -1 : (*x > *y ? 1 : 0);
  } else if (a.is_string() && b.is_string()) {
    order = a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
  } else {
    return false;
  }
  switch (op) {
    case Operator::kLess:
      return order < 0;
    case Operator::kAtMost:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    case Operator::kAtLeast:
      return order >= 0;
    case Operator::kEqual:
    case Operator::kNotEqual:
      break;
  }
  Unreachable();
}

bool HoldsIn(const Node& node, const Type& type, const void* table) {
  switch (node.sort) {
    case Node::Sort::kAnd:
      return HoldsIn(*node.left, type, table) && HoldsIn(*node.right, type, table);
    case Node::Sort::kOr:
      return HoldsIn(*node.left, type, table) || HoldsIn(*node.right, type, table);
    case Node::Sort::kNot:
      return !HoldsIn(*node.left, type, table);
    case Node::Sort::kCompare:
      return Compare(node.op, ValueOf(node.a, type, table), ValueOf(node.b, type, table));
    case Node::Sort::kPresent: {
      const Value value = ValueOf(node.a, type, table);
      return !value.is_null() && value != false;
    }
  }
  Unreachable();
}

Result<void> CheckIn(const Node& node, const Type& type) {
  for (const Node* part : {node.left.get(), node.right.get()}) {
    if (part == nullptr) continue;
    if (auto checked = CheckIn(*part, type); !checked) return checked;
  }
  for (const Operand* operand : {&node.a, &node.b}) {
    if (!operand->is_path) continue;
    if (auto checked = CheckPath(type, operand->path); !checked) return checked;
  }
  return {};
}

}  // namespace

Expression::Expression(std::unique_ptr<const Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

bool Expression::Holds(const Type& type, const void* table) const {
  return HoldsIn(*root_, type, table);
}

Result<void> Expression::Check(const Type& type) const { return CheckIn(*root_, type); }

}  // namespace sluice::replay
