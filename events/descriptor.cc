#include "events/descriptor.h"

#include <algorithm>
#include <unordered_map>

#include "events/builtin_schemas.gen.h"
#include "events/result.h"

namespace sluice {
namespace {

using Registry = std::unordered_map<std::string_view, const Type*>;

Registry& MutableRegistry() {
  static Registry registry;
  return registry;
}

// With our own schemas in it, even when nothing else has pulled them into the program.
const Registry& FullRegistry() {
  static const bool registered = RegisterBuiltinSchemas();
  CHECK(registered);
  return MutableRegistry();
}

}  // namespace

const Enumerator* EnumInfo::Find(int64_t value) const {
  // Most enums count up from zero.
  if (value >= 0 && static_cast<size_t>(value) < values.size()) {
    const Enumerator& guess = values[static_cast<size_t>(value)];
    if (guess.value == value) return &guess;
  }
  for (const Enumerator& enumerator : values) {
    if (enumerator.value == value) return &enumerator;
  }
  return nullptr;
}

const Enumerator* EnumInfo::Find(std::string_view text) const {
  for (const Enumerator& enumerator : values) {
    if (enumerator.name == text) return &enumerator;
  }
  return nullptr;
}

const Field* Type::FindByJsonName(std::string_view json_name) const {
  for (const Field& field : fields) {
    if (field.json_name == json_name) return &field;
  }
  return nullptr;
}

const Type* FindType(std::string_view name) {
  const Registry& registry = FullRegistry();
  const auto found = registry.find(name);
  return found == registry.end() ? nullptr : found->second;
}

std::vector<const Type*> AllTypes() {
  std::vector<const Type*> types;
  for (const auto& [name, type] : FullRegistry()) types.push_back(type);
  std::sort(types.begin(), types.end(),
            [](const Type* a, const Type* b) { return a->name < b->name; });
  return types;
}

bool RegisterTypes(std::span<const Type* const> types) {
  for (const Type* type : types) {
    const auto [entry, added] = MutableRegistry().emplace(type->name, type);
    CHECK(added || entry->second == type);
  }
  return true;
}

}  // namespace sluice
