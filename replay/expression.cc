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

bool IsTimeOrDuration(const Operand& operand, const Type& type) {
  if (!operand.is_path) return false;
  const auto field = FieldAt(type, operand.path);
  return field && *field != nullptr &&
         ((*field)->scalar == Scalar::kTime || (*field)->scalar == Scalar::kDuration);
}

// "20000ms" is "20s" where a duration is meant.
bool AreEqual(const Node& node, const Type& type, const Value& a, const Value& b) {
  if (a == b) return true;
  if (!a.is_string() || !b.is_string()) return false;
  if (!IsTimeOrDuration(node.a, type) && !IsTimeOrDuration(node.b, type)) return false;
  const auto x = AsNumber(a);
  const auto y = AsNumber(b);
  return x && y && *x == *y;
}

bool Compare(const Node& node, const Type& type, const void* table) {
  const Operator op = node.op;
  const Value a = ValueOf(node.a, type, table);
  const Value b = ValueOf(node.b, type, table);
  if (op == Operator::kEqual) return AreEqual(node, type, a, b);
  if (op == Operator::kNotEqual) return !AreEqual(node, type, a, b);
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
      return Compare(node, type, table);
    case Node::Sort::kPresent: {
      const Value value = ValueOf(node.a, type, table);
      return !value.is_null() && value != false;
    }
  }
  Unreachable();
}

// What a field can never be is a mistake, not an answer.
Result<void> CheckValue(const Field& field, const std::string& path, const Value& value) {
  const auto refused = [&](std::string_view wanted) {
    return Err(ErrorCode::kInvalid, "{} is compared with {}, and is {}", path, value.dump(),
               wanted);
  };
  if (value.is_null()) return {};
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  if (field.enum_info != nullptr) {
    if (value.is_string() && field.enum_info->Find(text) != nullptr) return {};
    std::string names;
    for (const Enumerator& one : field.enum_info->values) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", one.name);
    }
    return refused("one of " + names);
  }
  switch (field.scalar) {
    case Scalar::kNone:
      return {};
    case Scalar::kBool:
      return value.is_boolean() ? Result<void>() : refused("true or false");
    case Scalar::kTime:
      return ParseTime(text) ? Result<void>() : refused("a time such as '2026-11-30T12:00:00Z'");
    case Scalar::kDuration:
      return ParseDuration(text) ? Result<void>() : refused("a duration such as '1m30s'");
    default:
      return value.is_number() ? Result<void>() : refused("a number");
  }
}

// `other` is what the field is compared with; null: with nothing.
Result<void> CheckField(const std::string& path, const Operand* other, const Type& type) {
  const auto field = FieldAt(type, path);
  if (!field) return tl::unexpected(field.error());
  if (*field == nullptr || other == nullptr || other->is_path) return {};
  return CheckValue(**field, path, other->value);
}

// That one of the types at least may have it.
Result<void> CheckOfAny(const std::string& path, const Operand* other, const NamedTypes& types) {
  Result<void> first;
  for (const auto& [name, type] : types) {
    auto checked = CheckField(path, other, *type);
    if (checked) return {};
    if (first) first = Err(ErrorCode::kInvalid, "{}: {}", name, checked.error().message);
  }
  return first;
}

Result<void> CheckIn(const Node& node, const NamedTypes& types) {
  for (const Node* part : {node.left.get(), node.right.get()}) {
    if (part == nullptr) continue;
    if (auto checked = CheckIn(*part, types); !checked) return checked;
  }
  for (const auto& [operand, other] : {std::pair(&node.a, &node.b), std::pair(&node.b, &node.a)}) {
    if (!operand->is_path) continue;
    const bool is_compared = node.sort == Node::Sort::kCompare;
    auto checked = CheckOfAny(operand->path, is_compared ? other : nullptr, types);
    if (checked) continue;
    const bool is_word = operand == &node.b && operand->path.find('.') == std::string::npos;
    return Err(ErrorCode::kInvalid, "{}{}", checked.error().message,
               is_word ? fmt::format("; a text stands in quotes: '{}'", operand->path) : "");
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

Result<void> Expression::Check(const NamedTypes& types) const { return CheckIn(*root_, types); }

}  // namespace sluice::replay
