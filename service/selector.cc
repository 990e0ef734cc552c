#include "service/selector.h"

#include <algorithm>

#include "events/result.h"
#include "service/json_scan.h"

namespace sluice::service {
namespace {

using Operator = LabelRequirement::Operator;

std::string_view Trim(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// Splits at commas outside parentheses.
std::vector<std::string_view> SplitRequirements(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth <= 0)) {
      parts.push_back(Trim(text.substr(from, i - from)));
      from = i + 1;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')') {
      --depth;
    }
  }
  return parts;
}

bool IsLabelText(std::string_view text, bool key) {
  if (key && text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [key](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || (key && c == '/');
  });
}

tl::unexpected<ApiError> Bad(std::string_view what, std::string_view part) {
  return Fail(
      ApiError::BadRequest(std::string(what) + ": cannot read \"" + std::string(part) + "\""));
}

Answer<LabelRequirement> MakeLabel(std::string_view part, std::string_view key, Operator op,
                                   std::vector<std::string> values) {
  if (!IsLabelText(key, true)) return Bad("labelSelector", part);
  for (const std::string& value : values) {
    if (!IsLabelText(value, false)) return Bad("labelSelector", part);
  }
  return LabelRequirement{std::string(key), op, std::move(values)};
}

// `key in (a, b)` and `key notin (a, b)`.
Answer<LabelRequirement> ParseSet(std::string_view part) {
  const size_t open = part.find('(');
  if (part.back() != ')') return Bad("labelSelector", part);
  const std::string_view head = Trim(part.substr(0, open));
  const size_t space = head.find_first_of(" \t");
  if (space == std::string_view::npos) return Bad("labelSelector", part);
  const std::string_view word = Trim(head.substr(space));
  if (word != "in" && word != "notin") return Bad("labelSelector", part);
  std::vector<std::string> values;
  for (std::string_view value : SplitRequirements(part.substr(open + 1, part.size() - open - 2))) {
    values.emplace_back(value);
  }
  return MakeLabel(part, head.substr(0, space), word == "in" ? Operator::kIn : Operator::kNotIn,
                   std::move(values));
}

Answer<LabelRequirement> ParseLabel(std::string_view part) {
  if (part.empty()) return Bad("labelSelector", part);
  if (part.find('(') != std::string_view::npos) return ParseSet(part);
  const size_t equals = part.find('=');
  if (equals == std::string_view::npos) {
    if (part.front() == '!') return MakeLabel(part, Trim(part.substr(1)), Operator::kNotExists, {});
    return MakeLabel(part, part, Operator::kExists, {});
  }
  const bool negated = equals > 0 && part[equals - 1] == '!';
  const bool twice = !negated && equals + 1 < part.size() && part[equals + 1] == '=';
  const std::string_view key = Trim(part.substr(0, negated ? equals - 1 : equals));
  const std::string_view value = Trim(part.substr(equals + (twice ? 2 : 1)));
  return MakeLabel(part, key, negated ? Operator::kNotIn : Operator::kIn, {std::string(value)});
}

bool LabelMatches(const LabelRequirement& requirement, std::optional<std::string_view> labels) {
  const auto raw = labels ? FindMember(*labels, requirement.key) : std::nullopt;
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), ScalarText(raw)) !=
           requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::kIn:
      return raw.has_value() && listed();
    case Operator::kNotIn:
      return !raw.has_value() || !listed();
    case Operator::kExists:
      return raw.has_value();
    case Operator::kNotExists:
      return !raw.has_value();
  }
  Unreachable();
}

}  // namespace

bool ObjectFilter::Matches(std::string_view object_json) const {
  if (!labels.empty()) {
    const auto object_labels = FindPath(object_json, "metadata.labels");
    for (const LabelRequirement& requirement : labels) {
      if (!LabelMatches(requirement, object_labels)) return false;
    }
  }
  for (const FieldRequirement& requirement : fields) {
    const std::string value = ScalarText(FindPath(object_json, requirement.path));
    if ((value == requirement.value) != requirement.equal) return false;
  }
  return true;
}

Answer<std::vector<LabelRequirement>> ParseLabelSelector(std::string_view text) {
  std::vector<LabelRequirement> requirements;
  if (Trim(text).empty()) return requirements;
  for (std::string_view part : SplitRequirements(text)) {
    auto requirement = ParseLabel(part);
    if (!requirement) return Fail(requirement.error());
    requirements.push_back(*std::move(requirement));
  }
  return requirements;
}

Answer<std::vector<FieldRequirement>> ParseFieldSelector(std::string_view text) {
  std::vector<FieldRequirement> requirements;
  if (Trim(text).empty()) return requirements;
  size_t from = 0;
  for (size_t i = 0, depth = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++depth;
    if (i < text.size() && text[i] == ']' && depth > 0) --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    const std::string_view part = Trim(text.substr(from, i - from));
    from = i + 1;
    // The operator is the first `=` outside brackets: `status.conditions[type=Ready].status=True`.
    size_t equals = 0;
    for (size_t nested = 0; equals < part.size(); ++equals) {
      if (part[equals] == '[') ++nested;
      if (part[equals] == ']' && nested > 0) --nested;
      if (part[equals] == '=' && nested == 0) break;
    }
    if (equals == 0 || equals >= part.size()) return Bad("fieldSelector", part);
    const bool negated = part[equals - 1] == '!';
    const bool twice = !negated && equals + 1 < part.size() && part[equals + 1] == '=';
    const std::string_view path = Trim(part.substr(0, negated ? equals - 1 : equals));
    if (path.empty()) return Bad("fieldSelector", part);
    requirements.push_back(
        {std::string(path), !negated, std::string(Trim(part.substr(equals + (twice ? 2 : 1))))});
  }
  return requirements;
}

}  // namespace sluice::service
