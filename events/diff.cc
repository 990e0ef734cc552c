#include <algorithm>
#include <map>
#include <set>

#include "events/absent.h"
#include "events/any_table.h"
#include "events/json.h"
#include "events/json_writer.h"
#include "events/paths.h"
#include "events/result.h"

namespace sluice {
namespace {

using StringMap = std::map<std::string, std::string>;

// Tables of a vector by what tells them apart: [type=Ready], or [0].
using Elements = std::vector<std::pair<std::string, const void*>>;

Elements ByIndex(const Field& field, const void* where) {
  const auto* element = static_cast<const char*>(field.vector->data(where));
  Elements elements;
  for (size_t i = 0; i < field.vector->size(where); ++i, element += field.vector->stride) {
    elements.emplace_back("[" + std::to_string(i) + "]", element);
  }
  return elements;
}

// False when the identities are not all there and unique, or a path cannot say them.
bool ByIdentity(const Field& field, const void* where, Elements* elements) {
  const auto& fields = field.table->fields;
  const auto identity = std::find_if(fields.begin(), fields.end(), [](const Field& candidate) {
    return candidate.is_identity && candidate.shape == Shape::kString;
  });
  if (identity == fields.end()) return false;
  std::set<std::string_view> seen;
  for (const auto& [index, element] : ByIndex(field, where)) {
    const auto& key = *static_cast<const std::string*>(identity->In(element));
    if (key.empty() || key.find_first_of("[]\"\\") != key.npos || !seen.insert(key).second) {
      return false;
    }
    elements->emplace_back("[" + std::string(identity->json_name) + "=" + key + "]", element);
  }
  return true;
}

const void* Find(const Elements& elements, const std::string& step) {
  for (const auto& [name, element] : elements) {
    if (name == step) return element;
  }
  return nullptr;
}

class Differ {
 public:
  explicit Differ(std::vector<FieldDiff>* out) : out_(*out) {}

  void Tables(const Type& type, const void* a, const void* b, const std::string& path) {
    if (type.ops.equal(a, b)) return;
    for (const Field& field : type.fields) {
      const std::string name(field.json_name);
      Fields(field, field.In(a), field.In(b), path.empty() ? name : path + "." + name);
    }
  }

 private:
  static std::string TextOf(const Field& field, const void* where) {
    // A number is there even when it is the default: false to true, not nothing to true.
    if (field.shape != Shape::kScalar && IsAbsent(field, where)) return "";
    std::string text;
    JsonWriter(&text).Value(field, where);
    return text;
  }

  void Whole(const std::string& path, std::string before, std::string after) {
    if (before != after) out_.push_back({path, std::move(before), std::move(after)});
  }

  void Fields(const Field& field, const void* a, const void* b, const std::string& path) {
    switch (field.shape) {
      case Shape::kTable: {
        const void* table_a = field.optional->get(a);
        const void* table_b = field.optional->get(b);
        if (table_a != nullptr && table_b != nullptr) {
          return Tables(*field.table, table_a, table_b, path);
        }
        break;
      }
      case Shape::kValueTable:
        return Tables(*field.table, a, b, path);
      case Shape::kAny: {
        const auto& any_a = *static_cast<const AnyTable*>(a);
        const auto& any_b = *static_cast<const AnyTable*>(b);
        if (any_a.type() != nullptr && any_a.type() == any_b.type()) {
          return Tables(*any_a.type(), any_a.data(), any_b.data(), path + ".payload");
        }
        break;
      }
      case Shape::kMap:
        return Maps(*static_cast<const StringMap*>(a), *static_cast<const StringMap*>(b), path);
      case Shape::kTableVector:
        return Vectors(field, a, b, path);
      case Shape::kScalar:
      case Shape::kOptionalScalar:
      case Shape::kString:
      case Shape::kJson:
      case Shape::kBytes:
      case Shape::kHash128:
      case Shape::kScalarVector:
      case Shape::kStringVector:
      case Shape::kAnyVector:
        break;
    }
    Whole(path, TextOf(field, a), TextOf(field, b));
  }

  void Maps(const StringMap& a, const StringMap& b, const std::string& path) {
    StringMap keys = a;
    keys.insert(b.begin(), b.end());
    for (const auto& [key, any_value] : keys) {
      const auto in_a = a.find(key);
      const auto in_b = b.find(key);
      const bool plain = key.find_first_of(".[]/\"") == key.npos;
      Whole(plain ? path + "." + key : path + "[\"" + key + "\"]",
            in_a == a.end() ? "" : QuoteJson(in_a->second),
            in_b == b.end() ? "" : QuoteJson(in_b->second));
    }
  }

  void Vectors(const Field& field, const void* a, const void* b, const std::string& path) {
    Elements before;
    Elements after;
    if (!ByIdentity(field, a, &before) || !ByIdentity(field, b, &after)) {
      before = ByIndex(field, a);
      after = ByIndex(field, b);
    }
    for (const auto& [step, element] : before) {
      if (const void* other = Find(after, step)) {
        Tables(*field.table, element, other, path + step);
      } else {
        Whole(path + step, ToJson(*field.table, element), "");
      }
    }
    for (const auto& [step, element] : after) {
      if (Find(before, step) == nullptr) Whole(path + step, "", ToJson(*field.table, element));
    }
  }

  std::vector<FieldDiff>& out_;
};

}  // namespace

std::vector<FieldDiff> Diff(const Type& type, const void* a, const void* b) {
  std::vector<FieldDiff> differences;
  Differ(&differences).Tables(type, a, b, "");
  return differences;
}

}  // namespace sluice
