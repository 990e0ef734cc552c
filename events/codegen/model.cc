#include "events/codegen/model.h"

#include <flatbuffers/reflection_generated.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "events/codegen/field_types.h"
#include "events/codegen/names.h"

namespace sluice::codegen {
namespace {

std::vector<std::string> Comment(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* lines) {
  std::vector<std::string> comment;
  if (lines == nullptr) return comment;
  for (const auto* line : *lines) comment.push_back(line->str());
  return comment;
}

std::string StemOf(const flatbuffers::String* declaration_file) {
  const std::string path = declaration_file == nullptr ? "" : declaration_file->str();
  const size_t slash = path.rfind('/');
  const std::string file = slash == path.npos ? path : path.substr(slash + 1);
  return file.substr(0, file.rfind('.'));
}

EnumModel ReadEnum(const reflection::Enum& source) {
  EnumModel model;
  model.name = TypeName(source.name()->str());
  if (source.is_union()) throw std::runtime_error(model.name + ": unions are not supported");
  if (source.attributes() != nullptr && source.attributes()->LookupByKey("bit_flags") != nullptr) {
    throw std::runtime_error(model.name + ": bit_flags is not supported");
  }
  model.underlying = NumberOf(source.underlying_type()->base_type()).cpp_type;
  model.comment = Comment(source.documentation());
  for (const auto* value : *source.values()) {
    model.values.push_back({value->name()->str(), value->value(), Comment(value->documentation())});
  }
  std::sort(model.values.begin(), model.values.end(),
            [](const EnumValue& a, const EnumValue& b) { return a.value < b.value; });
  return model;
}

TableModel ReadTable(const reflection::Schema& schema, const reflection::Object& source,
                     std::set<std::string>* used_stems) {
  TableModel model;
  model.name = TypeName(source.name()->str());
  if (source.is_struct()) throw std::runtime_error(model.name + ": structs are not supported");
  const Attributes attributes(source.attributes());
  model.is_command = attributes.Has("command");
  model.is_internal = attributes.Has("internal");
  model.is_event = attributes.Has("event");
  model.is_bookkeeping = attributes.Has("bookkeeping");
  model.wire_name = attributes.Text("command");
  if (model.wire_name.empty()) model.wire_name = model.name;
  const std::string version = attributes.Text("version");
  model.version = static_cast<uint16_t>(version.empty() ? 1 : std::stoi(version));
  const std::string level = attributes.Text("level");
  model.level = static_cast<uint16_t>(level.empty() ? 1 : std::stoi(level));
  model.comment = Comment(source.documentation());

  std::vector<const reflection::Field*> fields;
  for (const auto* field : *source.fields()) {
    if (!field->deprecated()) fields.push_back(field);
  }
  std::sort(fields.begin(), fields.end(),
            [](const auto* a, const auto* b) { return a->id() < b->id(); });
  // Which are there is one number of 64 bits (packer.h).
  if (fields.size() > 64) throw std::runtime_error(model.name + ": more than 64 fields");
  for (const auto* field : fields) {
    const ResolvedField resolved = ResolveField(schema, model.name, *field);
    model.fields.push_back(resolved.model);
    model.fields.back().comment = Comment(field->documentation());
    if (resolved.declaration_file != nullptr) {
      used_stems->insert(StemOf(resolved.declaration_file));
    }
  }
  return model;
}

// Depth first, so that a table comes after those it holds by value.
void Place(const TableModel& table, const std::vector<TableModel>& all,
           std::vector<std::string>* open, std::vector<TableModel>* placed) {
  const auto is_named = [](const std::string& name) {
    return [&name](const TableModel& other) { return other.name == name; };
  };
  if (std::any_of(placed->begin(), placed->end(), is_named(table.name))) return;
  open->push_back(table.name);
  for (const FieldModel& field : table.fields) {
    const auto held = std::find_if(all.begin(), all.end(), is_named(field.table_name));
    if (held == all.end()) continue;
    if (std::find(open->begin(), open->end(), held->name) != open->end()) {
      if (field.needs_complete_table) {
        throw std::runtime_error(table.name + "." + field.name + ": a table cannot hold itself");
      }
      continue;
    }
    Place(*held, all, open, placed);
  }
  open->pop_back();
  placed->push_back(table);
}

}  // namespace

FileModel ReadModel(const std::string& bfbs, const std::string& declaration_file) {
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t*>(bfbs.data()), bfbs.size());
  if (!reflection::VerifySchemaBuffer(verifier)) throw std::runtime_error("not a binary schema");
  const reflection::Schema& schema = *reflection::GetSchema(bfbs.data());

  FileModel model;
  const size_t slash = declaration_file.rfind('/');
  model.stem = declaration_file.substr(slash == declaration_file.npos ? 0 : slash + 1);
  model.stem = model.stem.substr(0, model.stem.rfind('.'));
  const auto is_ours = [&](const flatbuffers::String* file) {
    return file != nullptr && file->str() == declaration_file;
  };

  for (const auto* source : *schema.enums()) {
    if (is_ours(source->declaration_file())) model.enums.push_back(ReadEnum(*source));
  }
  std::set<std::string> used_stems;
  std::vector<TableModel> tables;
  for (const auto* source : *schema.objects()) {
    if (!is_ours(source->declaration_file())) continue;
    if (TypeName(source->name()->str()) == "Any") continue;  // Is AnyTable.
    tables.push_back(ReadTable(schema, *source, &used_stems));
  }
  std::vector<std::string> open;
  for (const TableModel& table : tables) Place(table, tables, &open, &model.tables);
  used_stems.erase(model.stem);
  model.includes.assign(used_stems.begin(), used_stems.end());
  return model;
}

}  // namespace sluice::codegen
