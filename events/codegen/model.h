// A schema as the generator sees it: the tables and enums one .fbs file declares, with every
// field's C++ type decided. Read from the binary schema (.bfbs) that flatc writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::codegen {

struct EnumValue {
  std::string name;
  int64_t value = 0;
  std::vector<std::string> comment;
};

struct EnumModel {
  std::string name;  // Within namespace sluice.
  std::string underlying;
  std::vector<EnumValue> values;  // Ascending by value.
  std::vector<std::string> comment;
};

struct FieldModel {
  std::string name;
  std::string json_name;
  std::string member;       // The C++ member, `name` unless that is a keyword.
  std::string cpp_type;     // "std::optional<int64_t>"
  std::string initializer;  // "{}" or "{Phase::kReady}"
  std::string shape;        // Enumerator of sluice::Shape.
  std::string scalar;       // Enumerator of sluice::Scalar.
  std::string element;      // C++ type inside an optional or a vector, or "".
  std::string enum_name;
  std::string table_name;
  std::string default_bits;
  uint16_t id = 0;
  bool always = false;
  bool is_identity = false;
  bool not_folded = false;
  bool boxed = false;
  bool needs_complete_table = false;
  std::vector<std::string> comment;
};

struct TableModel {
  std::string name;  // Within namespace sluice.
  std::string wire_name;
  bool is_command = false;
  bool is_internal = false;
  bool is_event = false;
  bool is_bookkeeping = false;
  uint16_t version = 0;
  uint16_t level = 1;
  std::vector<FieldModel> fields;  // Ascending by id.
  std::vector<std::string> comment;
};

struct FileModel {
  std::string stem;                   // "binding"
  std::vector<std::string> includes;  // Stems of the schemas whose types this one uses.
  std::vector<EnumModel> enums;
  std::vector<TableModel> tables;  // A table held by value comes before its holder.
};

// `bfbs` is the binary schema's bytes, `declaration_file` the path of the .fbs file as flatc
// recorded it ("//events/schema/binding.fbs"). Throws std::runtime_error for what we do not
// support.
FileModel ReadModel(const std::string& bfbs, const std::string& declaration_file);

}  // namespace sluice::codegen
