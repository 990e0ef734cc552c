// Strict parsing with nlohmann's library, for json.cc and json_reader.cc: nothing else includes it.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace sluice {

using Json = nlohmann::json;

inline constexpr int kJsonDepthMax = 128;

// No key twice, nesting bounded, numbers within reach of a double.
template <class Document>
tl::expected<Document, std::string> Parse(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string wrong;
  const auto watch = [&](int depth, typename Document::parse_event_t event, Document& parsed) {
    using Event = typename Document::parse_event_t;
    if (depth > kJsonDepthMax) wrong = "is nested too deeply";
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end && !keys.empty()) keys.pop_back();
    if (event == Event::key && !keys.empty() &&
        !keys.back().insert(parsed.template get<std::string>()).second && wrong.empty()) {
      wrong = fmt::format("has the key '{}' twice", parsed.template get<std::string>());
    }
    return wrong.empty();
  };
  try {
    Document document = Document::parse(text, watch);
    if (!wrong.empty()) return tl::unexpected<std::string>(wrong);
    return document;
  } catch (const typename Document::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    const std::string message = error.what();
    const size_t prefix = message.find("] ");
    return tl::unexpected<std::string>("is not JSON: " +
                                       message.substr(prefix == message.npos ? 0 : prefix + 2));
  }
}

// "a string", for messages.
inline std::string_view KindOf(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return "a number";
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return "nothing";
}

}  // namespace sluice
