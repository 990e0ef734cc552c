// From a parsed document into a struct, collecting every error on the way.
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "events/any_table.h"
#include "events/codec.h"
#include "events/json.h"
#include "events/json_document.h"
#include "events/json_writer.h"
#include "events/scalar.h"

namespace sluice {
namespace {

class Reader {
 public:
  Reader(std::string_view root_path, std::vector<FieldError>* errors)
      : path_(root_path), errors_(*errors) {}

  void Fail(std::string message) { errors_.push_back({path_, std::move(message)}); }

  void Table(const Type& type, const Json& json, void* out) {
    if (!json.is_object()) return FailKind("an object", json);
    if (tables_ > kTableDepthMax) return Fail("is nested too deeply");
    const Deeper table(&tables_);
    for (const auto& [key, value] : json.items()) {
      const Step step(this, "." + key);
      const Field* field = type.FindByJsonName(key);
      if (field == nullptr) {
        Fail("unknown field");
      } else if (!value.is_null()) {
        Value(*field, value, field->In(out));
      }
    }
  }

 private:
  // Counts one level for as long as it lives.
  class Deeper {
   public:
    explicit Deeper(int* depth) : depth_(*depth) { ++depth_; }
    ~Deeper() { --depth_; }

   private:
    int& depth_;
  };

  // Appends to the path for as long as it lives.
  class Step {
   public:
    Step(Reader* reader, std::string_view step) : path_(reader->path_), size_(path_.size()) {
      path_.append(path_.empty() && step.starts_with('.') ? step.substr(1) : step);
    }
    ~Step() { path_.resize(size_); }

   private:
    std::string& path_;
    const size_t size_;
  };

  void FailAt(std::string_view step, std::string message) {
    const Step deeper(this, step);
    Fail(std::move(message));
  }

  void FailKind(std::string_view wanted, const Json& json) {
    Fail(fmt::format("must be {}, not {}", wanted, KindOf(json)));
  }

  // nullptr, and an error, when `json` is not a string.
  const std::string* Text(const Json& json, std::string_view wanted = "a string") {
    if (const auto* text = json.get_ptr<const std::string*>()) return text;
    FailKind(wanted, json);
    return nullptr;
  }

  void Value(const Field& field, const Json& json, void* out) {
    switch (field.shape) {
      case Shape::kScalar:
        return Number(field, json, out);
      case Shape::kOptionalScalar:
        return Number(field, json, field.optional->emplace(out));
      case Shape::kString:
        if (const auto* text = Text(json)) *static_cast<std::string*>(out) = *text;
        return;
      case Shape::kJson:
        *static_cast<std::string*>(out) = json.dump();
        return;
      case Shape::kBytes:
        if (const auto* text = Text(json, "base64 text")) {
          if (!DecodeBase64(*text, static_cast<std::string*>(out))) Fail("is not base64");
        }
        return;
      case Shape::kHash128:
        if (const auto* text = Text(json, "32 hex digits")) {
          const auto hash = ParseHash128(*text);
          hash ? void(*static_cast<Hash128*>(out) = *hash) : Fail(hash.error());
        }
        return;
      case Shape::kTable:
        return Table(*field.table, json, field.optional->emplace(out));
      case Shape::kValueTable:
        return Table(*field.table, json, out);
      case Shape::kAny:
        return Any(json, static_cast<AnyTable*>(out));
      case Shape::kMap:
        return Map(json, static_cast<std::map<std::string, std::string>*>(out));
      case Shape::kScalarVector:
      case Shape::kStringVector:
      case Shape::kTableVector:
      case Shape::kAnyVector:
        return Vector(field, json, out);
    }
    Unreachable();
  }

  void Number(const Field& field, const Json& json, void* out) {
    if (field.enum_info != nullptr) return Enum(field, json, out);
    switch (field.scalar) {
      case Scalar::kBool:
        if (!json.is_boolean()) return FailKind("true or false", json);
        return StoreScalar(field.scalar, json.get<bool>() ? 1 : 0, out);
      case Scalar::kFloat:
      case Scalar::kDouble:
        return Real(field, json, out);
      case Scalar::kTime:
        if (const auto* text = Text(json, "an RFC 3339 time")) {
          const auto time = ParseTime(*text);
          time ? void(*static_cast<Time*>(out) = *time) : Fail(time.error());
        }
        return;
      case Scalar::kDuration:
        if (const auto* text = Text(json, "a duration such as \"1m30s\"")) {
          const auto duration = ParseDuration(*text);
          duration ? void(*static_cast<Duration*>(out) = *duration) : Fail(duration.error());
        }
        return;
      case Scalar::kNone:
      case Scalar::kInt8:
      case Scalar::kUint8:
      case Scalar::kInt16:
      case Scalar::kUint16:
      case Scalar::kInt32:
      case Scalar::kUint32:
      case Scalar::kInt64:
      case Scalar::kUint64:
        return Integer(field, json, out);
    }
    Unreachable();
  }

  void Enum(const Field& field, const Json& json, void* out) {
    const std::string* text = Text(json, fmt::format("the name of a {}", field.enum_info->name));
    if (text == nullptr) return;
    const Enumerator* found = field.enum_info->Find(*text);
    if (found != nullptr)
      return StoreScalar(field.scalar, static_cast<uint64_t>(found->value), out);
    std::string names;
    for (const Enumerator& enumerator : field.enum_info->values) {
      names.append(names.empty() ? "" : ", ").append(enumerator.name);
    }
    Fail(fmt::format("'{}' is none of {}", *text, names));
  }

  void Real(const Field& field, const Json& json, void* out) {
    double value = 0;
    if (json.is_number()) {
      value = json.get<double>();
    } else if (json == "NaN") {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (json == "Infinity" || json == "-Infinity") {
      value = json == "Infinity" ? HUGE_VAL : -HUGE_VAL;
    } else {
      return FailKind("a number", json);
    }
    if (field.scalar == Scalar::kDouble) {
      *static_cast<double*>(out) = value;
    } else {
      *static_cast<float*>(out) = static_cast<float>(value);
    }
  }

  void Integer(const Field& field, const Json& json, void* out) {
    __int128 value = 0;
    if (json.is_number_unsigned()) {
      value = json.get<uint64_t>();
    } else if (json.is_number_integer()) {
      value = json.get<int64_t>();
    } else if (json.is_number_float() && std::trunc(json.get<double>()) == json.get<double>() &&
               std::abs(json.get<double>()) <= 9007199254740992.0) {
      value =
          static_cast<int64_t>(json.get<double>());  // 1e3, or 3.0 from a client without integers.
    } else if (!json.is_string() || !ParseInteger(json.get_ref<const std::string&>(), &value)) {
      return json.is_string() || json.is_number_float()
                 ? Fail(fmt::format("{} is not a whole number in range", json.dump()))
                 : FailKind("a whole number", json);
    }
    const int bits = static_cast<int>(8 * WidthOf(field.scalar));
    const __int128 max = (__int128{1} << (IsSigned(field.scalar) ? bits - 1 : bits)) - 1;
    const __int128 min = IsSigned(field.scalar) ? -max - 1 : 0;
    if (value < min || value > max) {
      return Fail(fmt::format("{} is out of range", json.dump()));
    }
    StoreScalar(field.scalar, static_cast<uint64_t>(value), out);
  }

  static bool ParseInteger(std::string_view text, __int128* value) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty() || text.size() > 20) return false;
    for (const char c : text) {
      if (c < '0' || c > '9') return false;
      *value = *value * 10 + (c - '0');
    }
    if (negative) *value = -*value;
    return true;
  }

  void Map(const Json& json, std::map<std::string, std::string>* out) {
    if (!json.is_object()) return FailKind("an object", json);
    for (const auto& [key, value] : json.items()) {
      if (value.is_null()) continue;
      const Step step(this, "." + key);
      if (const auto* text = Text(value)) out->emplace(key, *text);
    }
  }

  void Vector(const Field& field, const Json& json, void* out) {
    if (!json.is_array()) return FailKind("a list", json);
    auto* element = static_cast<char*>(field.vector->resize(out, json.size()));
    for (size_t i = 0; i < json.size(); ++i, element += field.vector->stride) {
      const Step step(this, fmt::format("[{}]", i));
      if (field.shape == Shape::kScalarVector) {
        Number(field, json[i], element);
      } else if (field.shape == Shape::kTableVector) {
        Table(*field.table, json[i], element);
      } else if (field.shape == Shape::kAnyVector) {
        if (!json[i].is_null()) Any(json[i], reinterpret_cast<AnyTable*>(element));
      } else if (const auto* text = Text(json[i])) {
        *reinterpret_cast<std::string*>(element) = *text;
      }
    }
  }

  // {"type": "Granted", "payload": {...}}, or {"type": ..., "data": base64} for what we do not
  // know.
  void Any(const Json& json, AnyTable* out) {
    if (!json.is_object()) return FailKind("an object", json);
    for (const auto& [key, value] : json.items()) {
      if (key != "type" && key != "payload" && key != "data") FailAt("." + key, "unknown field");
    }
    const auto name = json.find("type");
    if (name == json.end() || !name->is_string()) return FailAt(".type", "must be a string");
    const auto& type_name = name->get_ref<const std::string&>();
    if (const Type* type = FindType(type_name)) {
      void* table = nullptr;
      *out = AnyTable::Make(*type, &table);
      const auto payload = json.find("payload");
      if (payload == json.end() || payload->is_null()) return;
      const Step step(this, ".payload");
      if (payloads_ == kPayloadDepthMax) return Fail("is nested too deeply");
      const Deeper deeper(&payloads_);
      const int tables = std::exchange(tables_, 0);
      Table(*type, *payload, table);
      tables_ = tables;
      return;
    }
    const auto data = json.find("data");
    if (type_name.empty() || data == json.end()) {
      return FailAt(".type", fmt::format("unknown type '{}'", type_name));
    }
    const Step step(this, ".data");
    const std::string* text = Text(*data, "base64 text");
    std::string bytes;
    if (text == nullptr) return;
    if (!DecodeBase64(*text, &bytes)) return Fail("is not base64");
    *out = AnyTable::Unknown(type_name, bytes);
  }

  std::string path_;
  std::vector<FieldError>& errors_;
  int tables_ = 0;
  int payloads_ = 0;
};

}  // namespace

tl::expected<void, std::vector<FieldError>> FromJson(const Type& type, std::string_view text,
                                                     void* out, std::string_view root_path) {
  std::vector<FieldError> errors;
  Reader reader(root_path, &errors);
  const auto json = Parse<Json>(text);
  json ? reader.Table(type, *json, out) : reader.Fail(json.error());
  if (!errors.empty()) return tl::unexpected<std::vector<FieldError>>(std::move(errors));
  return {};
}

}  // namespace sluice
