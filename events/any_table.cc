#include "events/any_table.h"

#include <cstddef>
#include <new>

namespace sluice {

struct AnyTable::UnknownTable {
  std::string type_name;
  Bytes packed;
};

AnyTable::Box* AnyTable::Allocate(const Type* type, size_t size, size_t alignment) {
  static_assert(alignof(Box) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  const size_t at = (sizeof(Box) + alignment - 1) / alignment * alignment;
  void* memory = ::operator new(at + size);
  return ::new (memory) Box{1, type, static_cast<char*>(memory) + at};
}

AnyTable AnyTable::Make(const Type& type, void** table) {
  Box* box = Allocate(&type, type.ops.size, type.ops.alignment);
  type.ops.construct(box->object);
  *table = box->object;
  return AnyTable(box);
}

AnyTable AnyTable::Copy(const Type& type, const void* table) {
  Box* box = Allocate(&type, type.ops.size, type.ops.alignment);
  type.ops.copy(box->object, table);
  return AnyTable(box);
}

AnyTable AnyTable::Unknown(std::string_view type_name, std::string_view packed) {
  Box* box = Allocate(nullptr, sizeof(UnknownTable), alignof(UnknownTable));
  ::new (box->object) UnknownTable{std::string(type_name), Bytes(packed)};
  return AnyTable(box);
}

void AnyTable::Destroy() {
  if (box_->type != nullptr) {
    box_->type->ops.destroy(box_->object);
  } else {
    static_cast<UnknownTable*>(box_->object)->~UnknownTable();
  }
  box_->~Box();
  ::operator delete(box_);
}

std::string_view AnyTable::type_name() const {
  if (box_ == nullptr) return {};
  if (box_->type != nullptr) return box_->type->name;
  return static_cast<const UnknownTable*>(box_->object)->type_name;
}

std::string_view AnyTable::unknown_bytes() const {
  if (box_ == nullptr || box_->type != nullptr) return {};
  return static_cast<const UnknownTable*>(box_->object)->packed;
}

bool AnyTable::operator==(const AnyTable& other) const {
  if (box_ == other.box_) return true;
  if (box_ == nullptr || other.box_ == nullptr || box_->type != other.box_->type) return false;
  if (box_->type != nullptr) return box_->type->ops.equal(box_->object, other.box_->object);
  return type_name() == other.type_name() && unknown_bytes() == other.unknown_bytes();
}

}  // namespace sluice
