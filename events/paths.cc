#include "events/paths.h"

#include <charconv>
#include <map>

#include "events/absent.h"
#include "events/any_table.h"
#include "events/json.h"
#include "events/json_writer.h"
#include "events/result.h"

namespace sluice {
namespace {

using StringMap = std::map<std::string, std::string>;

const StringMap& MapAt(const void* where) { return *static_cast<const StringMap*>(where); }

const void* ElementAt(const Field& field, const void* where, size_t index) {
  return static_cast<const char*>(field.vector->data(where)) + index * field.vector->stride;
}

std::string ValueText(const Field& field, const void* where) {
  std::string text;
  JsonWriter(&text).Value(field, where);
  return text;
}

std::string ElementText(const Field& field, const void* element) {
  std::string text;
  JsonWriter(&text).Element(field, element);
  return text;
}

// "name", and what follows it, of "name.rest" or "name[rest".
std::string_view TakeName(std::string_view* path) {
  const size_t end = path->find_first_of(".[");
  const std::string_view name = path->substr(0, end);
  path->remove_prefix(end == path->npos ? path->size() : end);
  return name;
}

// What stands between brackets at the front of `path`; quotes may hold anything but a quote.
std::optional<std::string_view> TakeBracket(std::string_view* path) {
  if (!path->starts_with('[')) return std::nullopt;
  const bool quoted = path->starts_with("[\"");
  const std::string_view close = quoted ? "\"]" : "]";
  const size_t begin = quoted ? 2 : 1;
  const size_t end = path->find(close, begin);
  if (end == path->npos) return std::nullopt;
  const std::string_view inside = path->substr(begin, end - begin);
  path->remove_prefix(end + close.size());
  return inside;
}

std::optional<std::string> InTable(const Type& type, const void* table, std::string_view path);

// `path` is what follows a table: nothing, or ".field...".
std::optional<std::string> AtTable(const Type& type, const void* table, std::string_view path) {
  if (!path.empty()) {
    return path.starts_with('.') ? InTable(type, table, path.substr(1)) : std::nullopt;
  }
  return ToJson(type, table);
}

std::optional<std::string> AtAny(const AnyTable& any, std::string_view path) {
  if (!any) return std::nullopt;
  if (path == ".type") return QuoteJson(any.type_name());
  if (path.starts_with(".payload") && any.type() != nullptr) {
    return AtTable(*any.type(), any.data(), path.substr(8));
  }
  if (!path.empty()) return std::nullopt;
  std::string text;
  JsonWriter(&text).Any(any);
  return text;
}

std::optional<std::string> InMap(const StringMap& map, std::string_view path) {
  // Keys hold dots, so that all that follows is the key.
  std::string_view key = path.substr(1);
  if (path.starts_with('[')) {
    const auto inside = TakeBracket(&path);
    if (!inside || !path.empty()) return std::nullopt;
    key = *inside;
  }
  const auto found = map.find(std::string(key));
  if (found == map.end()) return std::nullopt;
  return QuoteJson(found->second);
}

// The index `selector` picks: "3", or "type=Ready".
std::optional<size_t> Select(const Field& field, const void* where, std::string_view selector) {
  const size_t count = field.vector->size(where);
  const size_t equals = selector.find('=');
  if (equals == selector.npos) {
    size_t index = 0;
    const auto [end, error] =
        std::from_chars(selector.data(), selector.data() + selector.size(), index);
    const bool good = error == std::errc() && end == selector.data() + selector.size();
    return good && index < count ? std::optional(index) : std::nullopt;
  }
  if (field.shape != Shape::kTableVector) return std::nullopt;
  const Field* key = field.table->FindByJsonName(selector.substr(0, equals));
  if (key == nullptr) return std::nullopt;
  const std::string_view wanted = selector.substr(equals + 1);
  for (size_t i = 0; i < count; ++i) {
    const std::string text = ValueText(*key, key->In(ElementAt(field, where, i)));
    if (text == wanted || text == QuoteJson(wanted)) return i;
  }
  return std::nullopt;
}

std::optional<std::string> InVector(const Field& field, const void* where, std::string_view path) {
  const auto selector = TakeBracket(&path);
  const auto index = selector ? Select(field, where, *selector) : std::nullopt;
  if (!index) return std::nullopt;
  const void* element = ElementAt(field, where, *index);
  if (field.shape == Shape::kTableVector) return AtTable(*field.table, element, path);
  if (field.shape == Shape::kAnyVector) return AtAny(*static_cast<const AnyTable*>(element), path);
  return path.empty() ? std::optional(ElementText(field, element)) : std::nullopt;
}

std::optional<std::string> InTable(const Type& type, const void* table, std::string_view path) {
  const Field* field = type.FindByJsonName(TakeName(&path));
  if (field == nullptr) return std::nullopt;
  const void* where = field->In(table);
  if (field->shape == Shape::kScalar) {
    return path.empty() ? std::optional(ValueText(*field, where)) : std::nullopt;
  }
  if (IsAbsent(*field, where) && field->shape != Shape::kValueTable) return std::nullopt;
  if (path.empty()) return ValueText(*field, where);
  switch (field->shape) {
    case Shape::kScalar:
    case Shape::kOptionalScalar:
    case Shape::kString:
    case Shape::kBytes:
    case Shape::kHash128:
      return std::nullopt;
    case Shape::kJson:
      return JsonAt(*static_cast<const std::string*>(where), path);
    case Shape::kTable:
      return AtTable(*field->table, field->optional->get(where), path);
    case Shape::kValueTable:
      return AtTable(*field->table, where, path);
    case Shape::kAny:
      return AtAny(*static_cast<const AnyTable*>(where), path);
    case Shape::kMap:
      return InMap(MapAt(where), path);
    case Shape::kScalarVector:
    case Shape::kStringVector:
    case Shape::kTableVector:
    case Shape::kAnyVector:
      return InVector(*field, where, path);
  }
  Unreachable();
}

Error NoField(const Type& type, std::string_view name, std::string_view path) {
  std::string names;
  for (const Field& field : type.fields) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", field.json_name);
  }
  return {ErrorCode::kInvalid,
          fmt::format("'{}' in '{}' is no field; there are {}", name, path, names)};
}

Error LeadsOn(std::string_view name, std::string_view path) {
  return {ErrorCode::kInvalid, fmt::format("'{}' in '{}' has no parts", name, path)};
}

// Whether a selector may pick one of the vector's: "3", or "type=Ready" of tables that have a type.
bool MaySelect(std::string_view selector, bool of_tables) {
  if (of_tables && selector.find('=') != selector.npos) return true;
  return !selector.empty() && selector.find_first_not_of("0123456789") == selector.npos;
}

// `rest` is what of `path` comes behind a table.
Result<const Field*> FindIn(const Type& type, std::string_view rest, std::string_view path) {
  const std::string_view name = TakeName(&rest);
  const Field* field = type.FindByJsonName(name);
  if (field == nullptr) return tl::unexpected(NoField(type, name, path));
  if (rest.empty()) return field;
  const bool of_tables = field->shape == Shape::kTableVector;
  switch (field->shape) {
    case Shape::kScalar:
    case Shape::kOptionalScalar:
    case Shape::kString:
    case Shape::kBytes:
    case Shape::kHash128:
      return tl::unexpected(LeadsOn(name, path));
    case Shape::kJson:
    case Shape::kAny:
    case Shape::kMap:
    case Shape::kAnyVector:
      return nullptr;  // Its content says.
    case Shape::kTable:
    case Shape::kValueTable:
      break;
    case Shape::kScalarVector:
    case Shape::kStringVector:
    case Shape::kTableVector: {
      const auto selector = TakeBracket(&rest);
      if (!selector || !MaySelect(*selector, of_tables)) {
        return Err(ErrorCode::kInvalid, "'{}' in '{}' is a list: {}[0]{}", name, path, name,
                   of_tables ? fmt::format(" or {}[FIELD=VALUE]", name) : "");
      }
      const size_t equals = selector->find('=');
      if (of_tables && equals != selector->npos) {
        const std::string_view key = selector->substr(0, equals);
        if (field->table->FindByJsonName(key) == nullptr) {
          return tl::unexpected(NoField(*field->table, key, path));
        }
      }
      if (rest.empty()) return field;
      if (!of_tables) return tl::unexpected(LeadsOn(name, path));
      break;
    }
  }
  if (!rest.starts_with('.')) return tl::unexpected(LeadsOn(name, path));
  return FindIn(*field->table, rest.substr(1), path);
}

}  // namespace

Result<const Field*> FieldAt(const Type& type, std::string_view path) {
  return FindIn(type, path, path);
}

Result<void> CheckPath(const Type& type, std::string_view path) {
  const auto found = FieldAt(type, path);
  return found ? Result<void>() : tl::unexpected(found.error());
}

std::optional<std::string> GetPath(const Type& type, const void* table, std::string_view path) {
  return InTable(type, table, path);
}

}  // namespace sluice
