// Which C++ type a field of a schema becomes; the table is in docs/formats/json.md.
#pragma once

#include <flatbuffers/reflection_generated.h>

#include <string>

#include "events/codegen/model.h"

namespace sluice::codegen {

struct Number {
  std::string cpp_type;  // "uint8_t"
  std::string scalar;    // "kUint8"
};

// Throws std::runtime_error when `base` is not a number.
Number NumberOf(reflection::BaseType base);

// Reads the (attribute: "value") list of a table or field.
class Attributes {
 public:
  using List = flatbuffers::Vector<flatbuffers::Offset<reflection::KeyValue>>;

  explicit Attributes(const List* list) : list_(list) {}

  bool Has(const char* name) const;
  // "" when absent or without a value.
  std::string Text(const char* name) const;

 private:
  const List* list_;
};

struct ResolvedField {
  FieldModel model;
  // Where the table or enum it refers to is declared, or nullptr.
  const flatbuffers::String* declaration_file = nullptr;
};

// Throws std::runtime_error, naming table and field, when there is no C++ type for it.
ResolvedField ResolveField(const reflection::Schema& schema, const std::string& table,
                           const reflection::Field& field);

}  // namespace sluice::codegen
