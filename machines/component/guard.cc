#include "machines/component/guard.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "events/json.h"
#include "events/result.h"

namespace sluice::component {
namespace {

// Deeper than anybody writes; bounds the recursion.
constexpr int kDepthMax = 50;

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '/';
}

// A value is canonical JSON text; empty is what null, '' and absent are.
using Value = std::string;

Value Normal(Value value) { return value == "null" || value == R"("")" ? "" : value; }
bool IsTruth(const Value& value) { return !value.empty() && value != "false" && value != "0"; }
Value TruthOf(bool holds) { return holds ? "true" : "false"; }

std::optional<double> NumberOf(const Value& value) {
  if (value.empty() || (value[0] != '-' && (value[0] < '0' || value[0] > '9'))) return std::nullopt;
  return std::strtod(value.c_str(), nullptr);
}

int Compare(const Value& left, const Value& right) {
  const auto a = NumberOf(left);
  const auto b = NumberOf(right);
  if (a && b) return *a < *b ? -1 : *a > *b ? 1 : 0;
  return left.compare(right);
}

// Reads and evaluates in one go; with a lookup that finds nothing it is the check of the text.
class Reader {
 public:
  Reader(std::string_view text, const GuardLookup& lookup) : text_(text), lookup_(lookup) {}

  // False: fault() says why.
  bool Read(Value* value) {
    if (!Or(value)) return false;
    Skip();
    return at_ == text_.size() ||
           Fault(fmt::format("'{}' is not expected here", text_.substr(at_)));
  }
  const GuardFault& fault() const { return fault_; }
  std::vector<std::string> TakeIds() { return std::move(ids_); }

 private:
  bool Fault(std::string message) {
    fault_ = {at_ + 1, std::move(message)};
    return false;
  }
  void Skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  bool Take(std::string_view token) {
    Skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  bool Or(Value* value) {
    if (!And(value)) return false;
    while (Take("||")) {
      Value right;
      if (!And(&right)) return false;
      *value = TruthOf(IsTruth(*value) || IsTruth(right));
    }
    return true;
  }

  bool And(Value* value) {
    if (!Unary(value)) return false;
    while (Take("&&")) {
      Value right;
      if (!Unary(&right)) return false;
      *value = TruthOf(IsTruth(*value) && IsTruth(right));
    }
    return true;
  }

  bool Unary(Value* value) {
    if (++depth_ > kDepthMax) return Fault("is nested too deep");
    bool done = false;
    Skip();
    if (at_ < text_.size() && text_[at_] == '!') {
      ++at_;
      done = Unary(value);
      *value = TruthOf(!IsTruth(*value));
    } else {
      done = Comparison(value);
    }
    --depth_;
    return done;
  }

  bool Comparison(Value* value) {
    static constexpr std::array<std::string_view, 6> kOperators = {
        "==", "!=", "<=", ">=", "<", ">"};
    if (!Operand(value)) return false;
    for (const std::string_view op : kOperators) {
      if (!Take(op)) continue;
      Value right;
      if (!Operand(&right)) return false;
      const int order = Compare(*value, right);
      const bool holds = op == "=="   ? order == 0
                         : op == "!=" ? order != 0
                         : op == "<=" ? order <= 0
                         : op == ">=" ? order >= 0
                         : op == "<"  ? order < 0
                                      : order > 0;
      *value = TruthOf(holds);
      return true;
    }
    return true;
  }

  bool Operand(Value* value) {
    Skip();
    if (at_ == text_.size()) return Fault("a value is missing");
    if (Take("(")) {
      if (!Or(value)) return false;
      return Take(")") || Fault("')' is missing");
    }
    const char c = text_[at_];
    if (c == '\'' || c == '"') return Text(c, value);
    if (c == '-' || (c >= '0' && c <= '9')) return Number(value);
    return Word(value);
  }

  bool Text(char quote, Value* value) {
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return Fault("the text has no end");
    *value = Normal(QuoteJson(text_.substr(at_ + 1, end - at_ - 1)));
    at_ = end + 1;
    return true;
  }

  bool Number(Value* value) {
    const std::string text(text_.substr(at_));
    char* end = nullptr;
    (void)std::strtod(text.c_str(), &end);
    const auto size = static_cast<size_t>(end - text.c_str());
    if (size == 0) return Fault("is no number");
    *value = text.substr(0, size);
    at_ += size;
    return true;
  }

  std::string_view Name() {
    const size_t from = at_;
    while (at_ < text_.size() && IsWord(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }

  bool Word(Value* value) {
    const size_t from = at_;
    const std::string_view word = Name();
    if (word == "true" || word == "false") {
      *value = word;
      return true;
    }
    if (word == "null") {
      value->clear();
      return true;
    }
    if (word == "resources") return Path(value);
    at_ = from;
    return Fault(
        "a value is expected: resources.ID.data.NAME, 'text', a number, true, false, null");
  }

  bool Path(Value* value) {
    if (at_ == text_.size() || text_[at_] != '.')
      return Fault("'.' and a resource's id are missing");
    ++at_;
    const std::string id(Name());
    if (id.empty()) return Fault("a resource's id is missing");
    ids_.push_back(id);
    const size_t from = at_;
    if (at_ == text_.size() || text_[at_] != '.')
      return Fault("'.data', '.status', ... is missing");
    ++at_;
    const std::string_view part = Name();
    if (part != "data" && part != "status" && part != "message" && part != "ready" &&
        part != "desired") {
      at_ = from + 1;
      return Fault("is none of data, status, message, ready, desired");
    }
    if (!Steps()) return false;
    *value = Normal(lookup_(id, text_.substr(from + 1, at_ - from - 1)).value_or(""));
    return true;
  }

  bool Steps() {
    while (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '[')) {
      if (text_[at_] == '[') {
        const size_t end = text_.find(']', at_);
        if (end == std::string_view::npos) return Fault("']' is missing");
        at_ = end + 1;
        continue;
      }
      ++at_;
      if (Name().empty()) return Fault("a name is missing");
    }
    return true;
  }

  std::string_view text_;
  const GuardLookup& lookup_;
  size_t at_ = 0;
  int depth_ = 0;
  GuardFault fault_;
  std::vector<std::string> ids_;
};

}  // namespace

tl::expected<std::vector<std::string>, GuardFault> GuardReads(std::string_view expression) {
  const GuardLookup nothing = [](std::string_view, std::string_view) { return std::nullopt; };
  Reader reader(expression, nothing);
  Value value;
  if (!reader.Read(&value)) return tl::unexpected(reader.fault());
  return reader.TakeIds();
}

bool GuardHolds(std::string_view expression, const GuardLookup& lookup) {
  Reader reader(expression, lookup);
  Value value;
  CHECK(reader.Read(&value));
  return IsTruth(value);
}

}  // namespace sluice::component
