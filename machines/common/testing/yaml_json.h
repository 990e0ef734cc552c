// What data files are made of: YAML as JSON, and JSON that says only part of what it expects.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "events/basic_types.h"

namespace sluice::testing {

using Json = nlohmann::ordered_json;

// The one YAML document in the file at `path`. Plain scalars become null, booleans and numbers as
// JSON has them, all else strings. A plain scalar "+10s" (any Go duration) becomes the RFC 3339
// text of `start` + 10 s; "+0s" is the start itself. Throws std::runtime_error when it cannot be
// read.
Json LoadYaml(const std::string& path, Time start);

// Why `actual` is not what `expected` says; empty when it is. An object says only something of the
// fields it names, null says "absent", a list says all of its elements. What is absent in `actual`
// counts as its default: 0, false, "", [] or {}.
std::string Mismatch(const Json& expected, const Json& actual, const std::string& path);

}  // namespace sluice::testing
