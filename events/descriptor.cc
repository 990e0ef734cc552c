#include "events/descriptor.h"

#include <algorithm>
#include <bit>
#include <cstring>
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

template <class T>
uint64_t LoadAs(const void* where) {
  T value;
  std::memcpy(&value, where, sizeof(T));
  return static_cast<uint64_t>(value);
}

template <class T>
void StoreAs(uint64_t bits, void* where) {
  const T value = static_cast<T>(bits);
  std::memcpy(where, &value, sizeof(T));
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

uint64_t LoadScalar(Scalar scalar, const void* where) {
  switch (scalar) {
    case Scalar::kNone:
      break;
    case Scalar::kBool:
    case Scalar::kUint8:
      return LoadAs<uint8_t>(where);
    case Scalar::kInt8:
      return LoadAs<int8_t>(where);
    case Scalar::kInt16:
      return LoadAs<int16_t>(where);
    case Scalar::kUint16:
      return LoadAs<uint16_t>(where);
    case Scalar::kInt32:
      return LoadAs<int32_t>(where);
    case Scalar::kUint32:
    case Scalar::kFloat:
      return LoadAs<uint32_t>(where);
    case Scalar::kInt64:
    case Scalar::kUint64:
    case Scalar::kDouble:
    case Scalar::kTime:
    case Scalar::kDuration:
      return LoadAs<uint64_t>(where);
  }
  Unreachable();
}

void StoreScalar(Scalar scalar, uint64_t bits, void* where) {
  switch (scalar) {
    case Scalar::kNone:
      break;
    case Scalar::kBool:
    case Scalar::kInt8:
    case Scalar::kUint8:
      return StoreAs<uint8_t>(bits, where);
    case Scalar::kInt16:
    case Scalar::kUint16:
      return StoreAs<uint16_t>(bits, where);
    case Scalar::kInt32:
    case Scalar::kUint32:
    case Scalar::kFloat:
      return StoreAs<uint32_t>(bits, where);
    case Scalar::kInt64:
    case Scalar::kUint64:
    case Scalar::kDouble:
    case Scalar::kTime:
    case Scalar::kDuration:
      return StoreAs<uint64_t>(bits, where);
  }
  Unreachable();
}

}  // namespace sluice
