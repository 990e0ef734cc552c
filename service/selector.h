#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/api_error.h"

namespace sluice::service {

// One requirement of a `labelSelector`: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`.
// As in Kubernetes, `!=` and `notin` also match objects without the label.
struct LabelRequirement {
  enum class Operator : unsigned char { kIn, kNotIn, kExists, kNotExists };
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;  // `=` is kIn with one value

  bool operator==(const LabelRequirement&) const = default;
};

// One requirement of a `fieldSelector`: `path=value`, `path==value` or `path!=value`. The path is
// any field of the object as users see it (`status.phase`, `spec.desiredRevision`); an absent
// field equals the empty string.
struct FieldRequirement {
  std::string path;
  bool equal = true;
  std::string value;

  bool operator==(const FieldRequirement&) const = default;
};

// What a list or a watch lets through. All requirements must hold; none lets everything through.
// Immutable after parsing, so it may be read from any thread.
struct ObjectFilter {
  std::vector<LabelRequirement> labels;
  std::vector<FieldRequirement> fields;

  bool empty() const { return labels.empty() && fields.empty(); }

  // True when the object, given as the whole JSON text users see, passes. Scans the text; builds
  // no tree.
  bool Matches(std::string_view object_json) const;

  bool operator==(const ObjectFilter&) const = default;
};

// Both accept the empty string. Errors are 400 and quote the part at fault.
Answer<std::vector<LabelRequirement>> ParseLabelSelector(std::string_view text);
Answer<std::vector<FieldRequirement>> ParseFieldSelector(std::string_view text);

}  // namespace sluice::service
