// For generated sources: the type-erased operations of a Type and its fields.
#pragma once

#include <new>
#include <optional>
#include <vector>

#include "events/boxed.h"
#include "events/descriptor.h"
#include "events/logical_writer.h"
#include "events/packer.h"
#include "events/unpacker.h"

namespace sluice {

template <class T>
inline constexpr OptionalOps kOptionalOps{
    [](const void* p) -> const void* {
      const auto& optional = *static_cast<const std::optional<T>*>(p);
      return optional ? &*optional : nullptr;
    },
    [](void* p) -> void* {
      auto& optional = *static_cast<std::optional<T>*>(p);
      return optional ? &*optional : nullptr;
    },
    [](void* p) -> void* { return &static_cast<std::optional<T>*>(p)->emplace(); },
};

template <class T>
inline constexpr OptionalOps kBoxedOptionalOps{
    [](const void* p) -> const void* {
      const auto& optional = *static_cast<const BoxedOptional<T>*>(p);
      return optional ? &*optional : nullptr;
    },
    [](void* p) -> void* {
      auto& optional = *static_cast<BoxedOptional<T>*>(p);
      return optional ? &optional.Mutable() : nullptr;
    },
    [](void* p) -> void* { return &static_cast<BoxedOptional<T>*>(p)->emplace(); },
};

template <class T>
inline constexpr BoxOps kBoxOps{
    [](const void* p) -> const void* { return &**static_cast<const Boxed<T>*>(p); },
    [](const void* p) -> const void* {
      const auto& box = *static_cast<const Boxed<T>*>(p);
      return box.IsSet() ? &*box : nullptr;
    },
    [](void* p) -> void* { return &static_cast<Boxed<T>*>(p)->Mutable(); },
};

template <class T>
inline constexpr VectorOps kVectorOps{
    sizeof(T),
    [](const void* p) { return static_cast<const std::vector<T>*>(p)->size(); },
    [](const void* p) -> const void* { return static_cast<const std::vector<T>*>(p)->data(); },
    [](void* p, size_t size) -> void* {
      auto& vector = *static_cast<std::vector<T>*>(p);
      vector.resize(size);
      return vector.data();
    },
};

template <class T>
inline constexpr TypeOps kTypeOps{
    sizeof(T),
    alignof(T),
    [](void* where) { ::new (where) T(); },
    [](void* where, const void* from) { ::new (where) T(*static_cast<const T*>(from)); },
    [](void* object) { static_cast<T*>(object)->~T(); },
    [](const void* a, const void* b) {
      return *static_cast<const T*>(a) == *static_cast<const T*>(b);
    },
    [](const void* table) { return IsDefault(*static_cast<const T*>(table)); },
    [](const void* table, LogicalWriter& out) {
      EncodeLogical(*static_cast<const T*>(table), out);
    },
    [](Packer& out, const void* table) { return PackFields(out, *static_cast<const T*>(table)); },
    [](Unpacker& in, size_t at, void* out) { return in.Table(at, static_cast<T*>(out)); },
};

}  // namespace sluice
