// YAML in and out of JSON values, by YAML 1.2's core schema: a plain scalar that reads as null, a
// boolean or a number is one; whatever is quoted stays a string. yaml-cpp stays behind this.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct YamlDocument {
  nlohmann::json value;
  int number = 0;  // In its stream, from 1.
  int line = 0;    // Where its content begins, from 1.
};

struct YamlError {
  int document = 0;
  int line = 0;
  std::string message;
};

struct YamlStream {
  std::vector<YamlDocument> documents;  // Those before the error; empty ones are left out.
  std::vector<YamlError> errors;        // The text after an error is not read.
};

// Refuses what JSON cannot say (keys that are no scalars, infinities), keys given twice, aliases to
// what is not complete, and documents that grow over 1M nodes.
YamlStream ReadYaml(std::string_view text);

// The JSON value of a plain scalar.
nlohmann::json ResolvePlainScalar(const std::string& text);

// Block style, two spaces, ends with a line feed. ReadYaml gives the same value back.
std::string WriteYaml(const nlohmann::json& value);

}  // namespace sluice::cli
