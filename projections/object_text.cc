#include "projections/object_text.h"

#include "events/codec.h"
#include "events/json.h"
#include "events/paths.h"

namespace sluice {
namespace {

constexpr std::string_view kApiVersion = "sluice.dev/v1";

const Field* FindField(const Type& type, std::string_view name) {
  for (const Field& field : type.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

void AppendMember(const EntityState& state, std::string_view name, std::string* json) {
  const Field* field = FindField(state.root_type(), name);
  if (field == nullptr || field->table == nullptr) return;
  json->append(",\"").append(name).append("\":");
  AppendJson(*field->table, field->In(state.root()), json);
}

}  // namespace

std::string WithMember(std::string_view member, std::string_view json) {
  CHECK(json.size() >= 2 && json.front() == '{');
  std::string with = "{";
  with.append(member);
  if (json[1] != '}') with.push_back(',');
  with.append(json.substr(1));
  return with;
}

std::string ObjectJson(const KindInfo& kind, const EntityState& state,
                       std::string_view resource_version) {
  std::string json = "{\"apiVersion\":\"";
  json.append(kApiVersion).append("\",\"kind\":\"").append(kind.camel).append("\",\"metadata\":");
  json += WithMember("\"resourceVersion\":" + QuoteJson(resource_version),
                     ToJson(state.metadata_part()));
  AppendMember(state, "spec", &json);
  AppendMember(state, "status", &json);
  json.push_back('}');
  return json;
}

ObjectText MakeObjectText(const KindInfo& kind, std::string_view entity, const EntityState& state,
                          std::string_view resource_version) {
  ObjectText object;
  object.entity = entity;
  object.kind = &kind;
  object.version = state.version;
  object.resource_version = resource_version;
  object.json = ObjectJson(kind, state, resource_version);
  const Time created = state.metadata_part().creation_timestamp;
  object.cells.push_back(state.metadata_part().name);
  object.cells.push_back(created.IsSet() ? FormatTime(created) : "");
  for (const Column& column : kind.columns) {
    object.cells.push_back(
        CellText(GetPath(state.root_type(), state.root(), column.path).value_or("")));
  }
  return object;
}

Result<std::unique_ptr<EntityState>> UnpackRoot(const KindInfo& kind, std::string_view packed) {
  std::unique_ptr<EntityState> state = kind.make();
  auto unpacked = Unpack(state->root_type(), packed, state->mutable_root());
  if (!unpacked) return tl::unexpected(unpacked.error());
  return state;
}

std::string CellText(std::string_view json) {
  if (json.empty() || json == "null") return "";
  if (json.front() != '"') return std::string(json);
  std::string text;
  for (size_t i = 1; i + 1 < json.size(); ++i) {
    // Cells are names, phases and addresses; the rare escape is shown by its character.
    if (json[i] == '\\' && i + 2 < json.size()) ++i;
    text.push_back(json[i]);
  }
  return text;
}

}  // namespace sluice
