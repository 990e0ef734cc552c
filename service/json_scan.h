#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::service {

// Looks things up in JSON text without building a tree: objects reach the API as ready-made text,
// and selectors, tables and watches need a field or two of it. The text must be valid JSON (it
// is ours); on anything else the functions find nothing and never read past the end.

// The raw text of member `key` of the object `json`. Keys are compared as written.
std::optional<std::string_view> FindMember(std::string_view json, std::string_view key);

// The raw text at a field path: `status.phase`, `spec.ports[0].name`,
// `status.conditions[type=Ready].status`. Label keys may hold dots: `metadata.labels[a.b/c]`.
std::optional<std::string_view> FindPath(std::string_view json, std::string_view path);

// A raw value as a selector compares it: a string without quotes and escapes, else as written;
// null and nothing are the empty string.
std::string ScalarText(std::optional<std::string_view> raw);

// `text` as a JSON string, quotes included. Invalid UTF-8 is replaced.
std::string Quote(std::string_view text);

// `object_json` with metadata.resourceVersion set to `version`; unchanged when it has no metadata.
std::string WithResourceVersion(std::string_view object_json, std::string_view version);

// Checks that `text` is one JSON value nested at most `kMaxJsonDepth` deep and nothing else.
// Returns the empty string, or what is wrong and where ("line 1, column 8: ...").
inline constexpr int kMaxJsonDepth = 100;
std::string CheckJson(std::string_view text);

}  // namespace sluice::service
