#include "replay/expression.h"

#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>

#include "events/basic_types.h"
#include "events/paths.h"

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

namespace {

using Node = Expression::Node;
using NodePtr = std::unique_ptr<const Node>;

constexpr int kDepthMax = 64;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<NodePtr> Parse() {
    auto root = Or();
    if (!root) return root;
    SkipSpace();
    if (at_ < text_.size()) return Wrong(at_, "an operator or the end is expected");
    return root;
  }

 private:
  template <class... Args>
  tl::unexpected<Error> Wrong(size_t at, fmt::format_string<Args...> format, Args&&... args) const {
    const std::string what = fmt::format(format, std::forward<Args>(args)...);
    const std::string found =
        at >= text_.size() ? "the end" : fmt::format("'{}'", text_.substr(at, 12));
    return Err(ErrorCode::kInvalid, "expression, column {}: {}, found {}", at + 1, what, found);
  }

  void SkipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  static bool IsWordCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '[';
  }

  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(word)) return false;
    const size_t end = at_ + word.size();
    if (end < text_.size() && IsWordCharacter(text_[end])) return false;
    at_ = end;
    return true;
  }

  bool TakeSymbol(std::string_view symbol) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  Result<NodePtr> Or() {
    auto left = And();
    while (left && (TakeWord("or") || TakeSymbol("||"))) {
      auto right = And();
      if (!right) return right;
      left = Join(Node::Sort::kOr, std::move(*left), std::move(*right));
    }
    return left;
  }

  Result<NodePtr> And() {
    auto left = Not();
    while (left && (TakeWord("and") || TakeSymbol("&&"))) {
      auto right = Not();
      if (!right) return right;
      left = Join(Node::Sort::kAnd, std::move(*left), std::move(*right));
    }
    return left;
  }

  static NodePtr Join(Node::Sort sort, NodePtr left, NodePtr right) {
    auto node = std::make_unique<Node>();
    node->sort = sort;
    node->left = std::move(left);
    node->right = std::move(right);
    return node;
  }

  Result<NodePtr> Not() {
    if (++depth_ > kDepthMax) return Wrong(at_, "nested too deeply");
    SkipSpace();
    const bool bang = text_.substr(at_).starts_with('!') && !text_.substr(at_).starts_with("!=");
    Result<NodePtr> inner;
    if (TakeWord("not") || (bang && TakeSymbol("!"))) {
      inner = Not();
      if (inner) inner = Join(Node::Sort::kNot, std::move(*inner), nullptr);
    } else if (TakeSymbol("(")) {
      inner = Or();
      if (inner && !TakeSymbol(")")) return Wrong(at_, "')' is expected");
    } else {
      inner = Comparison();
    }
    --depth_;
    return inner;
  }

  Result<NodePtr> Comparison() {
    auto node = std::make_unique<Node>();
    auto left = TakeOperand();
    if (!left) return tl::unexpected(left.error());
    node->a = std::move(*left);
    const auto op = TakeOperator();
    if (!op) {
      if (node->a.is_path) return NodePtr(std::move(node));
      return Wrong(at_, "a comparison is expected");
    }
    node->sort = Node::Sort::kCompare;
    node->op = *op;
    auto right = TakeOperand();
    if (!right) return tl::unexpected(right.error());
    node->b = std::move(*right);
    return NodePtr(std::move(node));
  }

  std::optional<Operator> TakeOperator() {
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"==", Operator::kEqual},   {"!=", Operator::kNotEqual}, {"<=", Operator::kAtMost},
        {">=", Operator::kAtLeast}, {"<", Operator::kLess},      {">", Operator::kGreater}};
    for (const auto& [symbol, op] : kOperators) {
      if (TakeSymbol(symbol)) return op;
    }
    return std::nullopt;
  }

  Result<Operand> TakeOperand() {
    SkipSpace();
    if (at_ >= text_.size()) return Wrong(at_, "a field, a text or a number is expected");
    const char c = text_[at_];
    if (c == '\'' || c == '"') return TakeText(c);
    if (c == '-' || std::isdigit(static_cast<unsigned char>(c))) return TakeNumber();
    if (TakeWord("true")) return Operand{.is_path = false, .path = "", .value = true};
    if (TakeWord("false")) return Operand{.is_path = false, .path = "", .value = false};
    if (TakeWord("null")) return Operand{};
    if (std::isalpha(static_cast<unsigned char>(c))) return TakePath();
    return Wrong(at_, "a field, a text or a number is expected");
  }

  Result<Operand> TakeText(char quote) {
    const size_t begin = at_ + 1;
    const size_t end = text_.find(quote, begin);
    if (end == text_.npos) return Wrong(at_, "the text that begins here has no end");
    at_ = end + 1;
    return Operand{
        .is_path = false, .path = "", .value = std::string(text_.substr(begin, end - begin))};
  }

  Result<Operand> TakeNumber() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsWordCharacter(text_[at_]) || text_[at_] == '-')) ++at_;
    Value value = Value::parse(text_.substr(begin, at_ - begin), nullptr, false);
    if (!value.is_number()) return Wrong(begin, "no number");
    return Operand{.is_path = false, .path = "", .value = std::move(value)};
  }

  Result<Operand> TakePath() {
    const size_t begin = at_;
    while (at_ < text_.size()) {
      if (text_[at_] == '[') {
        const bool quoted = text_.substr(at_).starts_with("[\"");
        const std::string_view close = quoted ? "\"]" : "]";
        const size_t end = text_.find(close, at_);
        if (end == text_.npos) return Wrong(at_, "the bracket that opens here is not closed");
        at_ = end + close.size();
      } else if (IsWordCharacter(text_[at_])) {
        ++at_;
      } else {
        break;
      }
    }
    return Operand{
        .is_path = true, .path = std::string(text_.substr(begin, at_ - begin)), .value = {}};
  }

  const std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

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

}  // namespace

Expression::Expression(std::unique_ptr<const Node> root) : root_(std::move(root)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::Parse(std::string_view text) {
  auto root = Parser(text).Parse();
  if (!root) return tl::unexpected(root.error());
  return Expression(std::move(*root));
}

bool Expression::Holds(const Type& type, const void* table) const {
  return HoldsIn(*root_, type, table);
}

}  // namespace sluice::replay
