#include "machines/common/testing/yaml_json.h"

#include <yaml-cpp/yaml.h>

#include <stdexcept>

namespace sluice::testing {
namespace {

Json ScalarToJson(const YAML::Node& node, Time start) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text.starts_with('+')) {
    if (const auto after = ParseDuration(text.substr(1))) return FormatTime(start + *after);
  }
  if (text == "true") return true;
  if (text == "false") return false;
  if (!text.empty() && text.find_first_not_of("-0123456789.eE") == std::string::npos) {
    const Json number = Json::parse(text, nullptr, false);
    if (number.is_number()) return number;
  }
  return text;
}

Json NodeToJson(const YAML::Node& node, Time start) {
  if (node.IsScalar()) return ScalarToJson(node, start);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const YAML::Node& element : node) list.push_back(NodeToJson(element, start));
    return list;
  }
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) {
      object[entry.first.Scalar()] = NodeToJson(entry.second, start);
    }
    return object;
  }
  return nullptr;
}

bool IsDefault(const Json& value) {
  return value.is_null() || value == 0 || value == false || value == "" ||
         (value.is_structured() && value.empty());
}

}  // namespace

Json LoadYaml(const std::string& path, Time start) {
  try {
    return NodeToJson(YAML::LoadFile(path), start);
  } catch (const YAML::Exception& fault) {
    throw std::runtime_error(path + ": " + fault.what());
  }
}

std::string Mismatch(const Json& expected, const Json& actual, const std::string& path) {
  if (actual.is_null() && IsDefault(expected)) return "";
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      const Json nothing;
      const Json& found = actual.contains(key) ? actual.at(key) : nothing;
      std::string fault = Mismatch(value, found, path.empty() ? key : path + "." + key);
      if (!fault.empty()) return fault;
    }
    return "";
  }
  if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    for (size_t i = 0; i < expected.size(); ++i) {
      std::string fault = Mismatch(expected[i], actual[i], path + "[" + std::to_string(i) + "]");
      if (!fault.empty()) return fault;
    }
    return "";
  }
  if (expected == actual) return "";
  return path + ": expected " + expected.dump() + ", got " + actual.dump();
}

}  // namespace sluice::testing
