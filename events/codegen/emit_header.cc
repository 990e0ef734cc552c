#include <sstream>

#include "events/codegen/emit.h"

namespace sluice::codegen {
namespace {

void WriteComment(const std::vector<std::string>& lines, const char* indent,
                  std::ostringstream& out) {
  for (const std::string& line : lines) out << indent << "//" << line << "\n";
}

void WriteEnum(const EnumModel& model, std::ostringstream& out) {
  WriteComment(model.comment, "", out);
  out << "enum class " << model.name << " : " << model.underlying << " {\n";
  for (const EnumValue& value : model.values) {
    WriteComment(value.comment, "  ", out);
    out << "  k" << value.name << " = " << value.value << ",\n";
  }
  out << "};\n"
      << "namespace schema {\nextern const EnumInfo k" << model.name << "Enum;\n}\n"
      << "template <>\ninline const EnumInfo& EnumInfoOf<" << model.name << ">() {\n"
      << "  return schema::k" << model.name << "Enum;\n}\n"
      << "std::string_view ToString(" << model.name << " value);\n"
      << "std::optional<" << model.name << "> Parse" << model.name
      << "(std::string_view name);\n\n";
}

void WriteTable(const TableModel& model, std::ostringstream& out) {
  WriteComment(model.comment, "", out);
  out << "struct " << model.name << " {\n";
  for (const FieldModel& field : model.fields) {
    WriteComment(field.comment, "  ", out);
    out << "  " << field.cpp_type << " " << field.member << field.initializer << ";\n";
  }
  if (!model.fields.empty()) out << "\n";
  out << "  bool operator==(const " << model.name << "&) const = default;\n};\n"
      << "namespace schema {\nextern const Type k" << model.name << "Type;\n}\n"
      << "template <>\ninline const Type& TypeOf<" << model.name << ">() {\n"
      << "  return schema::k" << model.name << "Type;\n}\n"
      << "bool IsDefault(const " << model.name << "& table);\n"
      << "void EncodeLogical(const " << model.name << "& table, LogicalWriter& out);\n"
      << "size_t PackFields(Packer& out, const " << model.name << "& table);\n"
      << "bool UnpackFields(Unpacker& in, const PackedTable& view, " << model.name << "* out);\n\n";
}

}  // namespace

std::string HeaderText(const FileModel& model) {
  std::ostringstream out;
  out << "// Generated from " << model.stem << ".fbs; do not edit.\n#pragma once\n\n"
      << "#include <cstdint>\n#include <map>\n#include <optional>\n#include <string>\n"
      << "#include <string_view>\n#include <vector>\n\n"
      << "#include \"events/any_table.h\"\n#include \"events/basic_types.h\"\n"
      << "#include \"events/boxed.h\"\n"
      << "#include \"events/descriptor.h\"\n";
  for (const std::string& include : model.includes) {
    out << "#include \"events/" << include << ".gen.h\"\n";
  }
  out << "\nnamespace sluice {\n\n";
  for (const TableModel& table : model.tables) out << "struct " << table.name << ";\n";
  out << "\n";
  for (const EnumModel& enumeration : model.enums) WriteEnum(enumeration, out);
  for (const TableModel& table : model.tables) WriteTable(table, out);
  out << "}  // namespace sluice\n";
  return out.str();
}

}  // namespace sluice::codegen
