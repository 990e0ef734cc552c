// The JSON form of every table: lowerCamelCase names, enums by name, what is absent left out.
// docs/formats/json.md has the rules. All functions may be called from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/descriptor.h"

namespace sluice {

// What is wrong where: {"payload.spec.ttl", "'5x' is not a duration"}.
struct FieldError {
  std::string path;
  std::string message;

  bool operator==(const FieldError&) const = default;
};

// "payload.spec.ttl: ...; payload.spec.size: ..."
std::string ToString(const std::vector<FieldError>& errors);

// Compact, fields in the schema's order.
std::string ToJson(const Type& type, const void* table);
// Appends to `*out`.
void AppendJson(const Type& type, const void* table, std::string* out);
// Two spaces a level.
std::string ToPrettyJson(const Type& type, const void* table);

template <class T>
std::string ToJson(const T& table) {
  return ToJson(TypeOf<T>(), &table);
}

template <class T>
std::string ToPrettyJson(const T& table) {
  return ToPrettyJson(TypeOf<T>(), &table);
}

// Fills `*out`, which must hold a default-constructed table. Unknown fields, wrong types and texts
// that cannot be read are errors, all of them reported at once; paths begin with `root_path`.
tl::expected<void, std::vector<FieldError>> FromJson(const Type& type, std::string_view text,
                                                     void* out, std::string_view root_path = "");

template <class T>
tl::expected<T, std::vector<FieldError>> FromJson(std::string_view text,
                                                  std::string_view root_path = "") {
  tl::expected<T, std::vector<FieldError>> table(tl::in_place);
  auto done = FromJson(TypeOf<T>(), text, &*table, root_path);
  if (!done) return tl::unexpected<std::vector<FieldError>>(std::move(done.error()));
  return table;
}

// Any JSON text with its keys sorted and no spaces, as (json) fields hold it; an error otherwise.
tl::expected<std::string, std::string> CanonicalJson(std::string_view text);
// The JSON text at `path` (a.b[0].c) within the JSON `text`; nullopt when there is nothing.
std::optional<std::string> JsonAt(std::string_view text, std::string_view path);
// `text`, JSON, with line breaks and two spaces a level, keys in the order they come in.
std::string PrettyJson(std::string_view text);
// `text` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD.
std::string QuoteJson(std::string_view text);

}  // namespace sluice
