#include <cctype>
#include <optional>

#include "replay/expression_node.h"

namespace sluice::replay {
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

}  // namespace

Result<Expression> Expression::Parse(std::string_view text) {
  auto root = Parser(text).Parse();
  if (!root) return tl::unexpected(root.error());
  return Expression(std::move(*root));
}

}  // namespace sluice::replay
