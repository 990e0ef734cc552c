#include "events/codegen/field_types.h"

#include <bit>
#include <cstring>
#include <stdexcept>

#include "events/codegen/names.h"

namespace sluice::codegen {
namespace {

bool IsNumber(reflection::BaseType base) {
  return base >= reflection::Bool && base <= reflection::Double;
}

// Decides one field; members are what its steps share.
class Resolver {
 public:
  Resolver(const reflection::Schema& schema, const std::string& table,
           const reflection::Field& field)
      : schema_(schema), table_(table), field_(field), attributes_(field.attributes()) {}

  ResolvedField Resolve() {
    FieldModel& model = out_.model;
    model.name = field_.name()->str();
    model.member = MemberName(model.name);
    model.json_name = attributes_.Text("json_name");
    if (model.json_name.empty()) model.json_name = LowerCamelCase(model.name);
    model.id = field_.id();
    model.always = attributes_.Has("always");
    model.is_identity = attributes_.Has("identity");
    model.not_folded = attributes_.Has("not_folded");
    model.scalar = "kNone";
    model.initializer = "{}";
    model.default_bits = "0";

    const reflection::Type& type = *field_.type();
    const reflection::BaseType base = type.base_type();
    if (IsNumber(base)) {
      ResolveNumber(base);
    } else if (base == reflection::String) {
      Set("std::string", attributes_.Has("json") ? "kJson" : "kString");
    } else if (base == reflection::Obj) {
      ResolveTable();
    } else if (base == reflection::Vector) {
      ResolveVector(type.element());
    } else {
      Fail("unions and arrays are not supported");
    }
    if (attributes_.Has("boxed") && !model.boxed) Fail("(boxed) is for tables");
    return out_;
  }

 private:
  [[noreturn]] void Fail(const std::string& why) const {
    throw std::runtime_error(table_ + "." + field_.name()->str() + ": " + why);
  }

  void Set(const std::string& cpp_type, const std::string& shape) {
    out_.model.cpp_type = cpp_type;
    out_.model.shape = shape;
  }

  // The C++ type of one number, an enum's and (time) and (duration) included.
  std::string NumberType(reflection::BaseType base) {
    FieldModel& model = out_.model;
    const Number number = NumberOf(base);
    model.scalar = number.scalar;
    if (field_.type()->index() >= 0) {
      const reflection::Enum& source =
          *schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(field_.type()->index()));
      out_.declaration_file = source.declaration_file();
      return model.enum_name = TypeName(source.name()->str());
    }
    const bool is_time = attributes_.Has("time");
    if (!is_time && !attributes_.Has("duration")) return number.cpp_type;
    if (base != reflection::Long) Fail("(time) and (duration) are for long");
    model.scalar = is_time ? "kTime" : "kDuration";
    return is_time ? "Time" : "Duration";
  }

  void ResolveNumber(reflection::BaseType base) {
    FieldModel& model = out_.model;
    const std::string type = NumberType(base);
    if (field_.optional()) {
      if (model.scalar == "kTime") Fail("a time is absent when 0; drop '= null'");
      Set("std::optional<" + type + ">", "kOptionalScalar");
      model.element = type;
      return;
    }
    Set(type, "kScalar");
    if (base == reflection::Float || base == reflection::Double) {
      SetRealDefault(base);
    } else {
      SetIntegerDefault(type);
    }
  }

  void SetRealDefault(reflection::BaseType base) {
    const double value = field_.default_real();
    if (value == 0) return;
    FieldModel& model = out_.model;
    char text[40];
    std::snprintf(text, sizeof(text), "%.17g", value);
    if (base == reflection::Float) {
      model.initializer = std::string("{static_cast<float>(") + text + ")}";
      model.default_bits = std::to_string(std::bit_cast<uint32_t>(static_cast<float>(value)));
    } else {
      model.initializer = std::string("{") + text + "}";
      model.default_bits = std::to_string(std::bit_cast<uint64_t>(value));
    }
  }

  void SetIntegerDefault(const std::string& type) {
    FieldModel& model = out_.model;
    const int64_t value = field_.default_integer();
    model.default_bits = std::to_string(static_cast<uint64_t>(value)) + "u";
    if (!model.enum_name.empty()) {
      model.initializer = "{" + model.enum_name + "::k" + EnumeratorName(value) + "}";
    } else if (value != 0) {
      const bool is_signed = type[0] != 'u';
      // INT64_MIN has no literal.
      model.initializer = type == "bool"       ? "{true}"
                          : value == INT64_MIN ? "{INT64_MIN}"
                          : is_signed          ? "{" + std::to_string(value) + "}"
                                               : "{" + model.default_bits + "}";
    }
  }

  std::string EnumeratorName(int64_t value) const {
    const auto* source =
        schema_.enums()->Get(static_cast<flatbuffers::uoffset_t>(field_.type()->index()));
    for (const auto* enumerator : *source->values()) {
      if (enumerator->value() == value) return enumerator->name()->str();
    }
    Fail("its default is not an enumerator");
  }

  std::string TableName() {
    const auto* source =
        schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(field_.type()->index()));
    if (source->is_struct()) Fail("structs are not supported");
    const std::string name = TypeName(source->name()->str());
    if (name == "Any") return name;
    out_.declaration_file = source->declaration_file();
    return out_.model.table_name = name;
  }

  void ResolveTable() {
    const std::string name = TableName();
    if (name == "Any") return Set("AnyTable", "kAny");
    out_.model.needs_complete_table = true;
    out_.model.element = name;
    const bool boxed = out_.model.boxed = attributes_.Has("boxed");
    if (attributes_.Has("value")) {
      Set(boxed ? "Boxed<" + name + ">" : name, "kValueTable");
    } else {
      Set((boxed ? "BoxedOptional<" : "std::optional<") + name + ">", "kTable");
    }
  }

  void ResolveVector(reflection::BaseType element) {
    FieldModel& model = out_.model;
    if (element == reflection::UByte && field_.type()->index() < 0) {
      return attributes_.Has("hash128") ? Set("Hash128", "kHash128") : Set("Bytes", "kBytes");
    }
    if (IsNumber(element)) {
      if (element == reflection::Bool) Fail("vectors of bool are not supported");
      model.element = NumberType(element);
      return Set("std::vector<" + model.element + ">", "kScalarVector");
    }
    if (element == reflection::String) {
      model.element = "std::string";
      return Set("std::vector<std::string>", "kStringVector");
    }
    if (element != reflection::Obj) Fail("vectors of this are not supported");
    const std::string name = TableName();
    if (attributes_.Has("map")) {
      if (name != "KeyValue") Fail("(map) is for [KeyValue]");
      model.table_name.clear();
      out_.declaration_file = nullptr;
      return Set("std::map<std::string, std::string>", "kMap");
    }
    model.element = name == "Any" ? "AnyTable" : name;
    Set("std::vector<" + model.element + ">", name == "Any" ? "kAnyVector" : "kTableVector");
  }

  const reflection::Schema& schema_;
  const std::string& table_;
  const reflection::Field& field_;
  const Attributes attributes_;
  ResolvedField out_;
};

}  // namespace

Number NumberOf(reflection::BaseType base) {
  switch (base) {
    case reflection::Bool:
      return {"bool", "kBool"};
    case reflection::Byte:
      return {"int8_t", "kInt8"};
    case reflection::UByte:
    case reflection::UType:
      return {"uint8_t", "kUint8"};
    case reflection::Short:
      return {"int16_t", "kInt16"};
    case reflection::UShort:
      return {"uint16_t", "kUint16"};
    case reflection::Int:
      return {"int32_t", "kInt32"};
    case reflection::UInt:
      return {"uint32_t", "kUint32"};
    case reflection::Long:
      return {"int64_t", "kInt64"};
    case reflection::ULong:
      return {"uint64_t", "kUint64"};
    case reflection::Float:
      return {"float", "kFloat"};
    case reflection::Double:
      return {"double", "kDouble"};
    case reflection::None:
    case reflection::String:
    case reflection::Vector:
    case reflection::Obj:
    case reflection::Union:
    case reflection::Array:
    case reflection::MaxBaseType:
      break;
  }
  throw std::runtime_error("not a number");
}

bool Attributes::Has(const char* name) const {
  return list_ != nullptr && list_->LookupByKey(name) != nullptr;
}

std::string Attributes::Text(const char* name) const {
  const auto* found = list_ == nullptr ? nullptr : list_->LookupByKey(name);
  return found == nullptr || found->value() == nullptr ? "" : found->value()->str();
}

ResolvedField ResolveField(const reflection::Schema& schema, const std::string& table,
                           const reflection::Field& field) {
  return Resolver(schema, table, field).Resolve();
}

}  // namespace sluice::codegen
