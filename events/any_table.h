// A table of any type: a command's payload, an event, a reply. Immutable once shared, so a copy
// costs one reference count; empty by default. Threads may share and copy the same value freely.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "events/basic_types.h"
#include "events/descriptor.h"

namespace sluice {

class AnyTable {
 public:
  AnyTable() = default;
  AnyTable(const AnyTable& other) : box_(other.box_) { Retain(); }
  AnyTable(AnyTable&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  AnyTable& operator=(AnyTable other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~AnyTable() { Release(); }

  template <class T>
  static AnyTable Of(T value) {
    void* where = nullptr;
    AnyTable any = Make(TypeOf<T>(), &where);
    *static_cast<T*>(where) = std::move(value);
    return any;
  }

  // A default-constructed table of `type`. `*table` may be written until the result is shared.
  static AnyTable Make(const Type& type, void** table);
  static AnyTable Copy(const Type& type, const void* table);

  // A table this build does not know: it keeps its name and packed bytes and re-packs unchanged.
  static AnyTable Unknown(std::string_view type_name, std::string_view packed);

  explicit operator bool() const { return box_ != nullptr; }

  // nullptr when empty or of another type.
  template <class T>
  const T* As() const {
    return type() == &TypeOf<T>() ? static_cast<const T*>(data()) : nullptr;
  }

  // nullptr when empty or unknown.
  const Type* type() const { return box_ != nullptr ? box_->type : nullptr; }
  const void* data() const { return type() != nullptr ? box_->object : nullptr; }
  // For who is about to fill it again: nullptr when it is empty, unknown or held by another, too.
  void* MutableIfAlone() {
    const bool alone = type() != nullptr && box_->references.load(std::memory_order_acquire) == 1;
    return alone ? box_->object : nullptr;
  }
  // "" when empty.
  std::string_view type_name() const;
  // The bytes of an unknown table; "" otherwise.
  std::string_view unknown_bytes() const;

  // Same type and equal tables; unknown ones by name and bytes.
  bool operator==(const AnyTable& other) const;

 private:
  struct Box {
    std::atomic<uint32_t> references;
    const Type* type;  // nullptr: `object` is an UnknownTable.
    void* object;      // Lies behind the box, in the same allocation.
  };
  struct UnknownTable;

  explicit AnyTable(Box* box) : box_(box) {}

  static Box* Allocate(const Type* type, size_t size, size_t alignment);
  void Retain() const {
    if (box_ != nullptr) box_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void Release() {
    if (box_ != nullptr && box_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) Destroy();
  }
  void Destroy();

  Box* box_ = nullptr;
};

}  // namespace sluice
