#include "events/json.h"

#include "events/json_document.h"
#include "events/json_writer.h"

namespace sluice {

std::string ToString(const std::vector<FieldError>& errors) {
  std::string text;
  for (const FieldError& error : errors) {
    if (!text.empty()) text += "; ";
    text += error.path.empty() ? error.message : error.path + ": " + error.message;
  }
  return text;
}

tl::expected<std::string, std::string> CanonicalJson(std::string_view text) {
  return Parse<Json>(text).map([](const Json& json) { return json.dump(); });
}

std::optional<std::string> JsonAt(std::string_view text, std::string_view path) {
  const auto document = Parse<Json>(text);
  if (!document) return std::nullopt;
  const Json* at = &*document;
  while (!path.empty()) {
    const bool bracket = path[0] == '[';
    if (bracket || path[0] == '.') path.remove_prefix(1);
    const size_t end = bracket ? path.find(']') : path.find_first_of(".[");
    if (bracket && end == path.npos) return std::nullopt;
    std::string step(path.substr(0, end));
    path.remove_prefix(end == path.npos ? path.size() : end + (bracket ? 1 : 0));
    if (at->is_array()) {
      if (step.empty() || step.size() > 9 || step.find_first_not_of("0123456789") != step.npos) {
        return std::nullopt;
      }
      const size_t index = std::stoul(step);
      if (index >= at->size()) return std::nullopt;
      at = &(*at)[index];
      continue;
    }
    if (bracket && step.size() >= 2 && step.front() == '"' && step.back() == '"') {
      step = step.substr(1, step.size() - 2);
    }
    const auto found = at->is_object() ? at->find(step) : at->end();
    if (found == at->end()) return std::nullopt;
    at = &*found;
  }
  return at->dump();
}

std::string PrettyJson(std::string_view text) {
  const auto json = Parse<nlohmann::ordered_json>(text);
  return json ? json->dump(2) : std::string(text);
}

std::string ToJson(const Type& type, const void* table) {
  std::string text;
  AppendJson(type, table, &text);
  return text;
}

void AppendJson(const Type& type, const void* table, std::string* out) {
  JsonWriter(out).Table(type, table);
}

std::string ToPrettyJson(const Type& type, const void* table) {
  return PrettyJson(ToJson(type, table));
}

std::string QuoteJson(std::string_view text) {
  std::string quoted;
  JsonWriter(&quoted).String(text);
  return quoted;
}

}  // namespace sluice
