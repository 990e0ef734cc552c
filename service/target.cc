#include "service/target.h"

#include <charconv>

namespace sluice::service {
namespace {

// nullopt on a broken escape, and on a NUL byte, which no name holds.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      unsigned value = 0;
      if (i + 2 >= text.size()) return std::nullopt;
      const auto parsed = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      if (parsed.ptr != text.data() + i + 3 || value == 0) return std::nullopt;
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Calls `take` with each part of `text` between separators; stops when it returns false.
template <class Take>
bool ForEachPart(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0 && !take(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace

Answer<Target> Target::Parse(std::string_view text) {
  Target target;
  const size_t question = std::min(text.find('?'), text.size());
  if (text.empty() || text.front() != '/') {
    return Fail(ApiError::BadRequest("the request target must begin with /"));
  }
  const bool path_ok = ForEachPart(text.substr(0, question), '/', [&](std::string_view part) {
    auto decoded = PercentDecode(part, false);
    if (!decoded) return false;
    target.path_.push_back(*std::move(decoded));
    return true;
  });
  const std::string_view query =
      question < text.size() ? text.substr(question + 1) : std::string_view();
  const bool query_ok = ForEachPart(query, '&', [&](std::string_view part) {
    const size_t equals = std::min(part.find('='), part.size());
    auto name = PercentDecode(part.substr(0, equals), true);
    auto value = PercentDecode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return false;
    target.parameters_.emplace_back(*std::move(name), *std::move(value));
    return true;
  });
  if (!path_ok || !query_ok) {
    return Fail(ApiError::BadRequest("the request target holds a broken percent escape"));
  }
  return target;
}

const std::string* Target::Find(std::string_view name) const {
  for (const auto& [parameter, value] : parameters_) {
    if (parameter == name) return &value;
  }
  return nullptr;
}

std::string Target::Get(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? std::string() : *value;
}

Answer<bool> Target::GetBool(std::string_view name, bool fallback) const {
  const std::string* value = Find(name);
  if (value == nullptr) return fallback;
  if (value->empty() || *value == "true" || *value == "1") return true;
  if (*value == "false" || *value == "0") return false;
  return Fail(ApiError::BadRequest("parameter " + std::string(name) +
                                   ": must be true or false, not \"" + *value + "\""));
}

Answer<std::optional<uint64_t>> Target::GetNumber(std::string_view name) const {
  const std::string* value = Find(name);
  if (value == nullptr || value->empty()) return std::nullopt;
  uint64_t number = 0;
  const auto parsed = std::from_chars(value->data(), value->data() + value->size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != value->data() + value->size()) {
    return Fail(ApiError::BadRequest("parameter " + std::string(name) +
                                     ": must be a whole number, not \"" + *value + "\""));
  }
  return number;
}

}  // namespace sluice::service
