// Payloads that were read and are done with, to be filled again: a fold of the log makes none for
// most events. Not for several threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "events/any_table.h"
#include "events/descriptor.h"

namespace sluice {

class PayloadPool {
 public:
  // The type of that name, or nullptr.
  const Type* TypeNamed(std::string_view name) {
    const Slot& slot = slots_[SlotOf(name)];
    return slot.type != nullptr && slot.type->name == name ? slot.type : Enter(name);
  }
  // A table of `type`, which TypeNamed found last; its content is for the caller to fill.
  AnyTable Take(const Type& type, void** table) {
    std::vector<AnyTable>& free = slots_[SlotOf(type.name)].free;
    if (free.empty()) return AnyTable::Make(type, table);
    AnyTable taken = std::move(free.back());
    free.pop_back();
    *table = taken.MutableIfAlone();
    return taken;
  }
  // Kept unless somebody else has it, too.
  void Give(AnyTable&& payload) {
    if (payload.MutableIfAlone() == nullptr) return;
    Slot& slot = slots_[SlotOf(payload.type()->name)];
    if (slot.type == payload.type() && slot.free.size() < kFreeMax) {
      slot.free.push_back(std::move(payload));
    }
  }

 private:
  // As many as one record may leave behind; more are not worth their memory.
  static constexpr size_t kFreeMax = 16;
  static constexpr size_t kSlots = 256;

  struct Slot {
    const Type* type = nullptr;
    std::vector<AnyTable> free;  // Of that type.
  };

  static size_t SlotOf(std::string_view name);
  const Type* Enter(std::string_view name);

  std::array<Slot, kSlots> slots_;  // By name; of two names with one slot the latest has it.
};

inline size_t PayloadPool::SlotOf(std::string_view name) {
  if (name.size() < sizeof(uint64_t)) return name.size();
  uint64_t head = 0;
  uint64_t tail = 0;
  std::memcpy(&head, name.data(), sizeof(head));
  std::memcpy(&tail, name.data() + name.size() - sizeof(tail), sizeof(tail));
  return ((head ^ (tail << 1) ^ name.size()) * 0x9e3779b97f4a7c15) >> 56;
}

}  // namespace sluice
