// Numbers behind a Field, in 64 bits whatever their type. For the algorithms that walk descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "events/descriptor.h"
#include "events/result.h"

namespace sluice {

// Bytes in memory and on the wire.
inline size_t WidthOf(Scalar scalar) {
  static constexpr uint8_t kWidths[] = {0, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 8};
  static_assert(sizeof(kWidths) == static_cast<size_t>(Scalar::kDuration) + 1);
  return kWidths[static_cast<size_t>(scalar)];
}

// True for the integers that may be negative, times and durations among them.
inline bool IsSigned(Scalar scalar) {
  switch (scalar) {
    case Scalar::kInt8:
    case Scalar::kInt16:
    case Scalar::kInt32:
    case Scalar::kInt64:
    case Scalar::kTime:
    case Scalar::kDuration:
      return true;
    case Scalar::kNone:
    case Scalar::kBool:
    case Scalar::kUint8:
    case Scalar::kUint16:
    case Scalar::kUint32:
    case Scalar::kUint64:
    case Scalar::kFloat:
    case Scalar::kDouble:
      return false;
  }
  Unreachable();
}

namespace scalar_internal {

template <class T>
uint64_t Load(const void* where) {
  T value;
  std::memcpy(&value, where, sizeof(T));
  return static_cast<uint64_t>(value);
}

template <class T>
void Store(uint64_t bits, void* where) {
  const T value = static_cast<T>(bits);
  std::memcpy(where, &value, sizeof(T));
}

}  // namespace scalar_internal

// Integers sign- or zero-extended, floating point bit for bit.
inline uint64_t LoadScalar(Scalar scalar, const void* where) {
  switch (scalar) {
    case Scalar::kNone:
      break;
    case Scalar::kBool:
    case Scalar::kUint8:
      return scalar_internal::Load<uint8_t>(where);
    case Scalar::kInt8:
      return scalar_internal::Load<int8_t>(where);
    case Scalar::kInt16:
      return scalar_internal::Load<int16_t>(where);
    case Scalar::kUint16:
      return scalar_internal::Load<uint16_t>(where);
    case Scalar::kInt32:
      return scalar_internal::Load<int32_t>(where);
    case Scalar::kUint32:
    case Scalar::kFloat:
      return scalar_internal::Load<uint32_t>(where);
    case Scalar::kInt64:
    case Scalar::kUint64:
    case Scalar::kDouble:
    case Scalar::kTime:
    case Scalar::kDuration:
      return scalar_internal::Load<uint64_t>(where);
  }
  Unreachable();
}

// The low bytes of `bits`.
inline void StoreScalar(Scalar scalar, uint64_t bits, void* where) {
  switch (WidthOf(scalar)) {
    case 1:
      return scalar_internal::Store<uint8_t>(bits, where);
    case 2:
      return scalar_internal::Store<uint16_t>(bits, where);
    case 4:
      return scalar_internal::Store<uint32_t>(bits, where);
    case 8:
      return scalar_internal::Store<uint64_t>(bits, where);
  }
  Unreachable();
}

}  // namespace sluice
