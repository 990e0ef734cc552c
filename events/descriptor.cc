#include "events/descriptor.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "events/builtin_schemas.gen.h"
#include "events/result.h"

namespace sluice {
namespace {

// Types by name: open addressing with linear probing, at most a quarter full. Every payload read
// looks its type up here.
class Registry {
 public:
  const Type* Find(std::string_view name) const {
    if (slots_.empty()) return nullptr;
    for (size_t at = HashOf(name) & Mask();; at = (at + 1) & Mask()) {
      if (slots_[at] == nullptr || slots_[at]->name == name) return slots_[at];
    }
  }

  void Add(const Type* type) {
    const Type* known = Find(type->name);
    CHECK(known == nullptr || known == type);
    if (known != nullptr) return;
    types_.push_back(type);
    if (types_.size() * 4 > slots_.size()) {
      slots_.assign(std::bit_ceil(types_.size() * 8), nullptr);
      for (const Type* each : types_) Place(each);
    } else {
      Place(type);
    }
  }

  const std::vector<const Type*>& types() const { return types_; }

 private:
  // Of both ends and the length: cheap, and names of types differ there.
  static uint64_t HashOf(std::string_view name) {
    uint64_t head = 0;
    uint64_t tail = 0;
    const size_t size = name.size() < 8 ? name.size() : 8;
    std::memcpy(&head, name.data(), size);
    std::memcpy(&tail, name.data() + name.size() - size, size);
    const uint64_t mixed = (head ^ name.size()) * 0x9e3779b97f4a7c15 + tail * 0xc2b2ae3d27d4eb4f;
    return mixed ^ mixed >> 32;
  }

  size_t Mask() const { return slots_.size() - 1; }

  void Place(const Type* type) {
    size_t at = HashOf(type->name) & Mask();
    while (slots_[at] != nullptr) at = (at + 1) & Mask();
    slots_[at] = type;
  }

  std::vector<const Type*> types_;
  std::vector<const Type*> slots_;
};

Registry& MutableRegistry() {
  static Registry registry;
  return registry;
}

// With our own schemas in it, even when nothing else has pulled them into the program.
const Registry& FullRegistry() {
  static const Registry* const full = [] {
    CHECK(RegisterBuiltinSchemas());
    return &MutableRegistry();
  }();
  return *full;
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

const Type* FindType(std::string_view name) { return FullRegistry().Find(name); }

std::vector<const Type*> AllTypes() {
  std::vector<const Type*> types = FullRegistry().types();
  std::sort(types.begin(), types.end(),
            [](const Type* a, const Type* b) { return a->name < b->name; });
  return types;
}

bool RegisterTypes(std::span<const Type* const> types) {
  for (const Type* type : types) MutableRegistry().Add(type);
  return true;
}

}  // namespace sluice
