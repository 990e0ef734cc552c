#include "service/json_scan.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace sluice::service {
namespace {

void SkipSpace(std::string_view* in) {
  const size_t at = in->find_first_not_of(" \t\r\n");
  in->remove_prefix(at == std::string_view::npos ? in->size() : at);
}

// Takes a string literal, quotes included; empty when there is none.
std::string_view TakeString(std::string_view* in) {
  if (in->empty() || in->front() != '"') return {};
  for (size_t i = 1; i < in->size(); ++i) {
    if ((*in)[i] == '\\') {
      ++i;
    } else if ((*in)[i] == '"') {
      const std::string_view taken = in->substr(0, i + 1);
      in->remove_prefix(i + 1);
      return taken;
    }
  }
  return {};
}

std::string_view TakeNested(std::string_view* in) {
  const std::string_view start = *in;
  int depth = 0;
  while (!in->empty()) {
    const char c = in->front();
    if (c == '"') {
      if (TakeString(in).empty()) return {};
      continue;
    }
    in->remove_prefix(1);
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return start.substr(0, start.size() - in->size());
  }
  return {};
}

std::string_view TakeValue(std::string_view* in) {
  SkipSpace(in);
  if (in->empty()) return {};
  if (in->front() == '"') return TakeString(in);
  if (in->front() == '{' || in->front() == '[') return TakeNested(in);
  const size_t end = std::min(in->find_first_of(",]} \t\r\n"), in->size());
  const std::string_view taken = in->substr(0, end);
  in->remove_prefix(end);
  return taken;
}

// Steps over the separator; false at the end of the array or object.
bool NextItem(std::string_view* in) {
  SkipSpace(in);
  if (in->empty() || in->front() != ',') return false;
  in->remove_prefix(1);
  SkipSpace(in);
  return true;
}

// The item of `array` chosen by `[3]` or by `[type=Ready]`.
std::optional<std::string_view> FindItem(std::string_view array, std::string_view choice) {
  if (array.size() < 2) return std::nullopt;
  array.remove_prefix(1);
  SkipSpace(&array);
  if (array.empty() || array.front() == ']') return std::nullopt;
  const size_t equals = choice.find('=');
  size_t index = 0;
  if (equals == std::string_view::npos) {
    const auto parsed = std::from_chars(choice.data(), choice.data() + choice.size(), index);
    if (parsed.ec != std::errc() || parsed.ptr != choice.data() + choice.size()) {
      return std::nullopt;
    }
  }
  size_t at = 0;
  do {
    const std::string_view item = TakeValue(&array);
    if (item.empty()) return std::nullopt;
    if (equals == std::string_view::npos) {
      if (at++ == index) return item;
    } else if (ScalarText(FindMember(item, choice.substr(0, equals))) ==
               choice.substr(equals + 1)) {
      return item;
    }
  } while (NextItem(&array));
  return std::nullopt;
}

std::optional<std::string_view> FindChoice(std::string_view value, std::string_view choice) {
  if (value.empty()) return std::nullopt;
  return value.front() == '[' ? FindItem(value, choice) : FindMember(value, choice);
}

// Accepts everything, and remembers where the first fault is.
class Checker : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& fault) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
    const std::string_view what = fault.what();
    const size_t at = what.find(" at ");
    problem_ = at == std::string_view::npos ? what : what.substr(at + 4);
    return false;
  }
  const std::string& problem() const { return problem_; }

 private:
  bool Enter() {
    if (++depth_ <= kMaxJsonDepth) return true;
    problem_ = "nested more than " + std::to_string(kMaxJsonDepth) + " deep";
    return false;
  }
  bool Leave() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::string problem_;
};

}  // namespace

std::optional<std::string_view> FindMember(std::string_view json, std::string_view key) {
  SkipSpace(&json);
  if (json.empty() || json.front() != '{') return std::nullopt;
  json.remove_prefix(1);
  SkipSpace(&json);
  if (json.empty() || json.front() == '}') return std::nullopt;
  do {
    const std::string_view name = TakeString(&json);
    if (name.empty()) return std::nullopt;
    SkipSpace(&json);
    if (json.empty() || json.front() != ':') return std::nullopt;
    json.remove_prefix(1);
    const std::string_view value = TakeValue(&json);
    if (value.empty()) return std::nullopt;
    if (name.substr(1, name.size() - 2) == key) return value;
  } while (NextItem(&json));
  return std::nullopt;
}

std::optional<std::string_view> FindPath(std::string_view json, std::string_view path) {
  std::optional<std::string_view> at = json;
  SkipSpace(&*at);
  while (at && !path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    if (!path.empty() && path.front() == '[') {
      const size_t close = path.find(']');
      if (close == std::string_view::npos) return std::nullopt;
      at = FindChoice(*at, path.substr(1, close - 1));
      path.remove_prefix(close + 1);
    } else {
      const size_t end = std::min(path.find_first_of(".["), path.size());
      at = FindMember(*at, path.substr(0, end));
      path.remove_prefix(end);
    }
  }
  return at;
}

std::string ScalarText(std::optional<std::string_view> raw) {
  if (!raw || *raw == "null") return {};
  if (raw->front() != '"') return std::string(*raw);
  const std::string_view inner = raw->substr(1, raw->size() - 2);
  if (inner.find('\\') == std::string_view::npos) return std::string(inner);
  const auto parsed = nlohmann::json::parse(*raw, nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : std::string(inner);
}

std::string Quote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string WithResourceVersion(std::string_view object_json, std::string_view version) {
  std::string out;
  out.reserve(object_json.size() + version.size() + 32);
  const auto append_with = [&](size_t from, size_t until, std::string_view text) {
    out.append(object_json.substr(0, from)).append(text).append(object_json.substr(until));
  };
  const auto offset = [&](std::string_view part) {
    return static_cast<size_t>(part.data() - object_json.data());
  };
  const auto metadata = FindMember(object_json, "metadata");
  if (!metadata || metadata->front() != '{') return std::string(object_json);
  if (const auto old = FindMember(*metadata, "resourceVersion")) {
    append_with(offset(*old), offset(*old) + old->size(), Quote(version));
    return out;
  }
  std::string_view rest = metadata->substr(1);
  SkipSpace(&rest);
  const bool alone = rest.front() == '}';
  append_with(offset(*metadata) + 1, offset(*metadata) + 1,
              "\"resourceVersion\":" + Quote(version) + (alone ? "" : ","));
  return out;
}

std::string CheckJson(std::string_view text) {
  Checker checker;
  if (nlohmann::json::sax_parse(text, &checker)) return {};
  return checker.problem().empty() ? "not JSON" : checker.problem();
}

}  // namespace sluice::service
