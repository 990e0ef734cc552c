// What is known at run time about the structs generated from schemas/*.fbs: one constant Type per
// table, one Field per field. Pack, Unpack, JSON, hashing, paths and diffs walk these; nothing else
// knows a struct's layout. Everything here is constant after static initialisation and may be read
// from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/basic_types.h"

namespace sluice {

struct Type;

struct Enumerator {
  int64_t value;
  std::string_view name;  // As in the schema: "Gated".
};

struct EnumInfo {
  std::string_view name;
  std::span<const Enumerator> values;  // Ascending by value.

  // nullptr when there is none.
  const Enumerator* Find(int64_t value) const;
  const Enumerator* Find(std::string_view text) const;
};

// Specialised by generated code for every enum of a schema.
template <class E>
const EnumInfo& EnumInfoOf();

// How a number is stored; an enum is its underlying type and an EnumInfo.
enum class Scalar : uint8_t {
  kNone,
  kBool,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat,
  kDouble,
  kTime,      // int64 microseconds, as Time.
  kDuration,  // int64 microseconds, as Duration.
};

// The C++ type of a member.
enum class Shape : uint8_t {
  kScalar,          // T
  kOptionalScalar,  // std::optional<T>
  kString,          // std::string; empty is absent
  kJson,            // std::string of canonical JSON; empty is absent
  kBytes,           // Bytes; empty is absent
  kHash128,         // Hash128; zero is absent
  kTable,           // std::optional<Table>
  kValueTable,      // Table; absent when equal to Table{}
  kAny,             // AnyTable
  kMap,             // std::map<std::string, std::string>
  kScalarVector,    // std::vector<T>
  kStringVector,    // std::vector<std::string>
  kTableVector,     // std::vector<Table>
  kAnyVector,       // std::vector<AnyTable>
};

// Type-erased std::optional<T>.
struct OptionalOps {
  const void* (*get)(const void* optional);  // nullptr when empty
  void* (*emplace)(void* optional);          // default-constructs and returns the value
};

// Type-erased std::vector<T>; elements lie `stride` bytes apart.
struct VectorOps {
  size_t stride;
  size_t (*size)(const void* vector);
  const void* (*data)(const void* vector);
  void* (*resize)(void* vector, size_t size);  // returns the data
};

// What every walk reads comes first, so that it shares a cache line.
struct Field {
  uint32_t offset;
  uint16_t id;  // FlatBuffers field id
  Shape shape;
  Scalar scalar;              // kNone where the shape has no number
  bool always;                // shown in JSON even when default
  bool is_identity;           // tells elements of a vector apart: conditions[type=Ready]
  uint64_t default_bits;      // kScalar: the default, as LoadScalar (scalar.h) returns it
  const EnumInfo* enum_info;  // or nullptr
  const Type* table;          // kTable, kValueTable, kTableVector
  const OptionalOps* optional;
  const VectorOps* vector;
  std::string_view name;       // snake_case, as in the schema
  std::string_view json_name;  // lowerCamelCase

  const void* In(const void* object) const { return static_cast<const char*>(object) + offset; }
  void* In(void* object) const { return static_cast<char*>(object) + offset; }
};

struct TypeOps {
  size_t size;
  size_t alignment;
  void (*construct)(void* where);
  void (*copy)(void* where, const void* from);  // copy-constructs
  void (*destroy)(void* object);
  bool (*equal)(const void* a, const void* b);
  const void* (*default_value)();  // a Table{} that lives for ever
};

struct Type {
  std::string_view name;       // the table's: "Granted"
  std::string_view wire_name;  // a command's (command: "Apply"), otherwise `name`
  bool is_command;
  bool is_internal;
  bool is_event;
  bool is_bookkeeping;
  uint16_t version;
  std::span<const Field> fields;  // ascending by id
  TypeOps ops;

  const Field* FindByJsonName(std::string_view json_name) const;  // nullptr when there is none
};

// Specialised by generated code for every table.
template <class T>
const Type& TypeOf();

// The table of that name in any schema linked in, or nullptr.
const Type* FindType(std::string_view name);
// Every table linked in, in order of name.
std::vector<const Type*> AllTypes();

// Adds types to what FindType finds; generated code does so during static initialisation. Two
// different tables of one name end the process.
bool RegisterTypes(std::span<const Type* const> types);

// --- For generated code ---

template <class T>
inline constexpr OptionalOps kOptionalOps{
    [](const void* p) -> const void* {
      const auto& optional = *static_cast<const std::optional<T>*>(p);
      return optional ? &*optional : nullptr;
    },
    [](void* p) -> void* { return &static_cast<std::optional<T>*>(p)->emplace(); },
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
    []() -> const void* {
      static const T kDefault{};
      return &kDefault;
    },
};

}  // namespace sluice
