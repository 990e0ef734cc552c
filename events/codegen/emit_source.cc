#include <sstream>

#include "events/codegen/emit.h"
#include "events/codegen/names.h"

namespace sluice::codegen {
namespace {

const char* Bool(bool value) { return value ? "true" : "false"; }

void WriteEnum(const EnumModel& model, std::ostringstream& out) {
  const std::string array = "k" + model.name + "Values";
  out << "namespace {\nconstexpr Enumerator " << array << "[] = {\n";
  for (const EnumValue& value : model.values) {
    out << "    {" << value.value << ", " << Quoted(value.name) << "},\n";
  }
  out << "};\n}  // namespace\n"
      << "constinit const EnumInfo schema::k" << model.name << "Enum{" << Quoted(model.name) << ", "
      << array << "};\n"
      << "std::string_view ToString(" << model.name << " value) {\n"
      << "  const Enumerator* found = schema::k" << model.name
      << "Enum.Find(static_cast<int64_t>(value));\n"
      << "  return found == nullptr ? std::string_view(\"?\") : found->name;\n}\n"
      << "std::optional<" << model.name << "> Parse" << model.name << "(std::string_view name) {\n"
      << "  const Enumerator* found = schema::k" << model.name << "Enum.Find(name);\n"
      << "  if (found == nullptr) return std::nullopt;\n"
      << "  return static_cast<" << model.name << ">(found->value);\n}\n\n";
}

std::string OpsOf(const FieldModel& field, const char* ops) {
  return "&" + std::string(ops) + "<" + field.element + ">";
}

void WriteField(const TableModel& table, const FieldModel& field, std::ostringstream& out) {
  const bool optional = field.shape == "kOptionalScalar" || field.shape == "kTable";
  const bool boxed_value = field.boxed && field.shape == "kValueTable";
  const bool vector = field.shape.ends_with("Vector");
  out << "    {.offset = offsetof(" << table.name << ", " << field.member << "),\n"
      << "     .id = " << field.id << ",\n"
      << "     .shape = Shape::" << field.shape << ",\n"
      << "     .scalar = Scalar::" << field.scalar << ",\n"
      << "     .always = " << Bool(field.always) << ",\n"
      << "     .is_identity = " << Bool(field.is_identity) << ",\n"
      << "     .boxed = " << Bool(field.boxed) << ",\n"
      << "     .default_bits = " << field.default_bits << ",\n"
      << "     .enum_info = "
      << (field.enum_name.empty() ? "nullptr" : "&schema::k" + field.enum_name + "Enum") << ",\n"
      << "     .table = "
      << (field.table_name.empty() ? "nullptr" : "&schema::k" + field.table_name + "Type") << ",\n"
      << "     .optional = "
      << (optional ? OpsOf(field, field.boxed ? "kBoxedOptionalOps" : "kOptionalOps") : "nullptr")
      << ",\n"
      << "     .vector = " << (vector ? OpsOf(field, "kVectorOps") : "nullptr") << ",\n"
      << "     .box = " << (boxed_value ? OpsOf(field, "kBoxOps") : "nullptr") << ",\n"
      << "     .name = " << Quoted(field.name) << ",\n"
      << "     .json_name = " << Quoted(field.json_name) << "},\n";
}

void WriteTable(const TableModel& model, std::ostringstream& out) {
  const std::string array = "k" + model.name + "Fields";
  if (!model.fields.empty()) {
    out << "namespace {\nconstexpr Field " << array << "[] = {\n";
    for (const FieldModel& field : model.fields) WriteField(model, field, out);
    out << "};\n}  // namespace\n";
  }
  out << "constinit const Type schema::k" << model.name << "Type{\n"
      << "    .name = " << Quoted(model.name) << ",\n"
      << "    .wire_name = " << Quoted(model.wire_name) << ",\n"
      << "    .is_command = " << Bool(model.is_command) << ",\n"
      << "    .is_internal = " << Bool(model.is_internal) << ",\n"
      << "    .is_event = " << Bool(model.is_event) << ",\n"
      << "    .is_bookkeeping = " << Bool(model.is_bookkeeping) << ",\n"
      << "    .version = " << model.version << ",\n"
      << "    .level = " << model.level << ",\n"
      << "    .fields = " << (model.fields.empty() ? "{}" : array) << ",\n"
      << "    .ops = kTypeOps<" << model.name << ">,\n};\n";
  WriteWalks(model, out);
}

}  // namespace

std::string SourceText(const FileModel& model) {
  std::ostringstream out;
  out << "// Generated from " << model.stem << ".fbs; do not edit.\n"
      << "#include \"events/" << model.stem << ".gen.h\"\n\n#include <bit>\n#include <cstddef>\n\n"
      << "#include \"events/type_ops.h\"\n\n"
      << "// The structs are not of standard layout, but GCC and Clang lay out members of classes\n"
      << "// without virtual bases at constant offsets.\n"
      << "#pragma GCC diagnostic ignored \"-Winvalid-offsetof\"\n\nnamespace sluice {\n\n";
  for (const EnumModel& enumeration : model.enums) WriteEnum(enumeration, out);
  for (const TableModel& table : model.tables) WriteTable(table, out);
  out << "namespace schema {\n\nbool Register_" << model.stem << "() {\n";
  if (model.tables.empty()) {
    out << "  return true;\n";
  } else {
    out << "  static constexpr const Type* kTypes[] = {\n";
    for (const TableModel& table : model.tables) out << "      &k" << table.name << "Type,\n";
    out << "  };\n  return RegisterTypes(kTypes);\n";
  }
  out << "}\n\nnamespace {\n[[maybe_unused]] const bool kRegistered = Register_" << model.stem
      << "();\n}  // namespace\n\n}  // namespace schema\n\n}  // namespace sluice\n";
  return out.str();
}

}  // namespace sluice::codegen
