#include <algorithm>

#include "cli/yaml.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

bool IsPlainSafe(const std::string& text) {
  if (text.empty() || !ResolvePlainScalar(text).is_string()) return false;
  constexpr std::string_view kFirst = "-?:,[]{}#&*!|>'\"%@`~ =<.";
  if (kFirst.find(text.front()) != std::string_view::npos || text.back() == ' ') return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  if (text.back() == ':') return false;
  // Times and positions: other readers take 0:17 for a number in base 60.
  const bool is_digit_first = text.front() >= '0' && text.front() <= '9';
  if (is_digit_first && text.find(':') != std::string::npos) return false;
  // Words that older readers take for booleans.
  for (const char* word : {"yes", "no", "on", "off", "y", "n", "Yes", "No", "On", "Off"}) {
    if (text == word) return false;
  }
  const auto is_ok = [](unsigned char c) { return c >= 0x20 && c < 0x7F; };
  return std::all_of(text.begin(), text.end(), is_ok);
}

std::string Scalar(const json& value) {
  if (value.is_string() && IsPlainSafe(value.get_ref<const std::string&>())) {
    return value.get<std::string>();
  }
  // A JSON scalar is a YAML flow scalar; other characters than ASCII stay as they are.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool IsBlock(const json& value) { return value.is_structured() && !value.empty(); }

void Write(const json& value, size_t indent, std::string* out);

void WriteMember(const std::string& key, const json& value, size_t indent, std::string* out) {
  *out += Scalar(json(key)) + ":";
  if (!IsBlock(value)) {
    *out += " " + Scalar(value) + "\n";
    return;
  }
  *out += "\n";
  const size_t inner = value.is_array() ? indent : indent + 2;
  out->append(inner, ' ');
  Write(value, inner, out);
}

// The cursor stands at `indent` already.
void Write(const json& value, size_t indent, std::string* out) {
  bool first = true;
  const auto start_line = [&] {
    if (!std::exchange(first, false)) out->append(indent, ' ');
  };
  if (!IsBlock(value)) {
    *out += Scalar(value) + "\n";
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      start_line();
      WriteMember(key, member, indent, out);
    }
  } else {
    for (const json& item : value) {
      start_line();
      *out += "- ";
      Write(item, indent + 2, out);
    }
  }
}

}  // namespace

std::string WriteYaml(const json& value) {
  std::string out;
  Write(value, 0, &out);
  return out;
}

}  // namespace sluice::cli
