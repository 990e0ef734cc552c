#include <sstream>
#include <string>

#include "events/codegen/emit.h"

namespace sluice::codegen {
namespace {

enum class Number { kUnsigned, kSigned, kReal };

bool IsTimeLike(const FieldModel& field) {
  return field.scalar == "kTime" || field.scalar == "kDuration";
}

Number SortOf(const FieldModel& field) {
  if (field.scalar == "kFloat" || field.scalar == "kDouble") return Number::kReal;
  if (IsTimeLike(field) || field.scalar.starts_with("kInt")) return Number::kSigned;
  return Number::kUnsigned;
}

const char* NameOf(Number sort) {
  switch (sort) {
    case Number::kUnsigned:
      return "Unsigned";
    case Number::kSigned:
      return "Signed";
    case Number::kReal:
      break;
  }
  return "Real";
}

// An expression for the bits of the number `value`, an expression of the field's number type.
std::string BitsOf(const FieldModel& field, const std::string& value) {
  if (field.scalar == "kFloat") return "std::bit_cast<uint32_t>(" + value + ")";
  if (field.scalar == "kDouble") return "std::bit_cast<uint64_t>(" + value + ")";
  if (IsTimeLike(field)) return value + ".us";
  const char* type = SortOf(field) == Number::kSigned ? "int64_t" : "uint64_t";
  return std::string("static_cast<") + type + ">(" + value + ")";
}

std::string AbsentBits(const FieldModel& field) {
  return SortOf(field) == Number::kSigned ? "static_cast<int64_t>(" + field.default_bits + ")"
                                          : field.default_bits;
}

// The arguments behind "out.": one call per field.
std::string EncodeCall(const FieldModel& field) {
  const std::string id = std::to_string(field.id);
  const std::string member = "table." + field.member;
  const std::string plain = "(" + id + ", " + member + ")";
  const std::string sort = NameOf(SortOf(field));
  if (field.shape == "kScalar") {
    return sort + "(" + id + ", " + BitsOf(field, member) + ", " + AbsentBits(field) + ")";
  }
  if (field.shape == "kOptionalScalar") {
    const char* type = SortOf(field) == Number::kSigned ? "int64_t" : "uint64_t";
    return sort + "(" + id + ", " + member + " ? std::optional<" + type + ">(" +
           BitsOf(field, "(*" + member + ")") + ") : std::nullopt)";
  }
  if (field.shape == "kString" || field.shape == "kJson" || field.shape == "kBytes") {
    return "Text" + plain;
  }
  if (field.shape == "kHash128") return "Hash" + plain;
  if (field.shape == "kTable") return "Table" + plain;
  if (field.shape == "kValueTable") return "ValueTable" + plain;
  if (field.shape == "kAny") return "Any" + plain;
  if (field.shape == "kMap") return "Map" + plain;
  if (field.shape == "kStringVector") return "Texts" + plain;
  if (field.shape == "kTableVector") return "Tables" + plain;
  if (field.shape == "kAnyVector") return "Anys" + plain;
  const bool real = SortOf(field) == Number::kReal;
  std::string bits = BitsOf(field, "number");
  if (SortOf(field) == Number::kSigned) bits = "LogicalWriter::Zigzag(" + bits + ")";
  return std::string(real ? "Reals" : "Numbers") + "(" + id + ", " + member +
         ", [](auto number) -> uint64_t { return " + bits + "; })";
}

void WriteEncode(const TableModel& model, std::ostringstream& out) {
  out << "void EncodeLogical(const " << model.name << "& table, LogicalWriter& out) {\n";
  if (model.fields.empty()) out << "  (void)table;\n";
  for (const FieldModel& field : model.fields) out << "  out." << EncodeCall(field) << ";\n";
  out << "  out.EndTable();\n}\n";
}

std::string UnpackCall(const FieldModel& field) {
  const std::string arguments = "(view, " + std::to_string(field.id) + ", &out->" + field.member;
  const std::string plain = arguments + ")";
  if (field.shape == "kScalar") {
    const std::string absent = field.cpp_type + field.initializer;
    const char* call = !field.enum_name.empty()  ? "Enum"
                       : field.scalar == "kBool" ? "Boolean"
                                                 : "Number";
    return std::string("in.") + call + arguments + ", " + absent + ")";
  }
  if (field.shape == "kOptionalScalar") return "in.OptionalNumber" + plain;
  if (field.shape == "kString" || field.shape == "kJson") return "in.Text" + plain;
  if (field.shape == "kBytes") return "in.Octets" + plain;
  if (field.shape == "kHash128") return "in.Hash" + plain;
  if (field.shape == "kTable") return "in.OptionalTable" + plain;
  if (field.shape == "kValueTable") return "in.ValueTable" + plain;
  if (field.shape == "kAny") return "in.Any" + plain;
  if (field.shape == "kMap") return "in.Map" + plain;
  if (field.shape == "kStringVector") return "in.Texts" + plain;
  if (field.shape == "kTableVector") return "in.Tables" + plain;
  if (field.shape == "kAnyVector") return "in.Anys" + plain;
  return "in.Numbers" + plain;
}

void WriteUnpack(const TableModel& model, std::ostringstream& out) {
  out << "bool UnpackFields(Unpacker& in, const PackedTable& view, " << model.name << "* out) {\n";
  if (model.fields.empty()) {
    out << "  (void)in;\n  (void)view;\n  (void)out;\n  return true;\n}\n";
    return;
  }
  const char* separator = "  return (";
  for (const FieldModel& field : model.fields) {
    out << separator;
    if (field.not_folded) {
      out << "(in.folds() ? "
          << (field.shape == "kAny" ? "in.LeaveAny(view, " + std::to_string(field.id) + ", &out->" +
                                          field.member + ")"
                                    : "in.Leave(&out->" + field.member + ")")
          << " : " << UnpackCall(field) << ")";
    } else {
      out << UnpackCall(field);
    }
    separator = " &&\n          ";
  }
  out << ") ||\n         in.FailIn(schema::k" << model.name << "Type);\n}\n";
}

std::string IsAbsent(const FieldModel& field) {
  const std::string member = "table." + field.member;
  if (field.shape == "kScalar") {
    return BitsOf(field, member) + " == " + AbsentBits(field);
  }
  if (field.shape == "kOptionalScalar" || field.shape == "kTable" || field.shape == "kAny") {
    return "!" + member;
  }
  if (field.shape == "kHash128") return member + " == Hash128{}";
  if (field.shape == "kValueTable") return "IsDefault(" + member + ")";
  return member + ".empty()";
}

std::string Width(const FieldModel& field) {
  if (field.shape == "kScalar") return "sizeof(table." + field.member + ")";
  if (field.shape == "kOptionalScalar") return "sizeof(*table." + field.member + ")";
  return "4";
}

// Writes a field that is there into its place.
std::string PackCall(const FieldModel& field, const std::string& at) {
  const std::string member = "table." + field.member;
  if (field.shape == "kScalar") return "Number(" + at + ", " + member + ")";
  if (field.shape == "kOptionalScalar") return "Number(" + at + ", *" + member + ")";
  std::string child;
  if (field.shape == "kString" || field.shape == "kJson") child = "Text(" + member + ")";
  if (field.shape == "kBytes") child = "Octets(" + member + ")";
  if (field.shape == "kHash128") child = "Hash(" + member + ")";
  if (field.shape == "kTable") child = "Table(*" + member + ")";
  if (field.shape == "kValueTable") child = "Table(" + member + ")";
  if (field.shape == "kAny") child = "Any(" + member + ")";
  if (field.shape == "kMap") child = "Map(" + member + ")";
  if (field.shape == "kStringVector") child = "Texts(" + member + ")";
  if (field.shape == "kTableVector") child = "Tables(" + member + ")";
  if (field.shape == "kAnyVector") child = "Anys(" + member + ")";
  if (field.shape == "kScalarVector") child = "Numbers(" + member + ")";
  return "Child(" + at + ", out." + child + ")";
}

// Whether every field is absent, without building a default table to compare with.
void WriteIsDefault(const TableModel& model, std::ostringstream& out) {
  out << "bool IsDefault(const " << model.name << "& table) {\n";
  if (model.fields.empty()) {
    out << "  (void)table;\n  return true;\n}\n";
    return;
  }
  const char* separator = "  return ";
  for (const FieldModel& field : model.fields) {
    out << separator << IsAbsent(field);
    separator = " &&\n         ";
  }
  out << ";\n}\n";
}

void WritePack(const TableModel& model, std::ostringstream& out) {
  out << "size_t PackFields(Packer& out, const " << model.name << "& table) {\n";
  if (model.fields.empty()) {
    out << "  (void)table;\n  static constexpr Packer::Layout kLayout{};\n"
           "  return out.Open(kLayout, 0).at;\n}\n";
    return;
  }
  out << "  static constexpr uint16_t kIds[] = {";
  for (const FieldModel& field : model.fields) out << field.id << ", ";
  out << "};\n  static constexpr uint8_t kWidths[] = {";
  for (const FieldModel& field : model.fields) out << Width(field) << ", ";
  out << "};\n  static constexpr Packer::Layout kLayout{kIds, kWidths};\n  uint64_t present = 0;\n";
  size_t index = 0;
  for (const FieldModel& field : model.fields) {
    out << "  if (!(" << IsAbsent(field) << ")) present |= uint64_t{1} << " << index++ << ";\n";
  }
  out << "  const Packer::Slots slots = out.Open(kLayout, present);\n";
  index = 0;
  for (const FieldModel& field : model.fields) {
    out << "  if ((present >> " << index++ << " & 1) != 0) out."
        << PackCall(field, "out.SlotOf(slots, " + std::to_string(field.id) + ")") << ";\n";
  }
  out << "  return slots.at;\n}\n";
}

}  // namespace

void WriteWalks(const TableModel& model, std::ostream& stream) {
  std::ostringstream out;
  WriteIsDefault(model, out);
  WriteEncode(model, out);
  WriteUnpack(model, out);
  WritePack(model, out);
  stream << out.str() << "\n";
}

}  // namespace sluice::codegen
