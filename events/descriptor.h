// What is known at run time about the structs generated from schemas/*.fbs: one constant Type per
// table, one Field per field. JSON, paths and diffs walk these; packing, unpacking and hashing are
// generated functions, reached by TypeOps. Nothing else knows a struct's layout. Everything here is
// constant after static initialisation and may be read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "events/basic_types.h"

namespace sluice {

struct Type;
struct PackedTable;
class LogicalWriter;
class Packer;
class Unpacker;

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
  kTable,           // std::optional<Table>, or BoxedOptional<Table>
  kValueTable,      // Table, or Boxed<Table>; absent when equal to Table{}
  kAny,             // AnyTable
  kMap,             // std::map<std::string, std::string>
  kScalarVector,    // std::vector<T>
  kStringVector,    // std::vector<std::string>
  kTableVector,     // std::vector<Table>
  kAnyVector,       // std::vector<AnyTable>
};

// Type-erased std::optional<T>, or BoxedOptional<T>.
struct OptionalOps {
  const void* (*get)(const void* optional);  // nullptr when empty
  void* (*change)(void* optional);           // the same, to be written
  void* (*emplace)(void* optional);          // default-constructs and returns the value
};

// Type-erased Boxed<T>.
struct BoxOps {
  const void* (*get)(const void* box);   // the default's where it holds none
  const void* (*held)(const void* box);  // nullptr where it holds none
  void* (*change)(void* box);
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
  bool boxed;                 // kTable, kValueTable: lies outside of the object (boxed.h)
  uint64_t default_bits;      // kScalar: the default, as LoadScalar (scalar.h) returns it
  const EnumInfo* enum_info;  // or nullptr
  const Type* table;          // kTable, kValueTable, kTableVector
  const OptionalOps* optional;
  const VectorOps* vector;
  const BoxOps* box;           // kValueTable in a Boxed, or nullptr
  std::string_view name;       // snake_case, as in the schema
  std::string_view json_name;  // lowerCamelCase

  // Where its value is: a boxed one's is outside of the object.
  const void* In(const void* object) const {
    const void* member = static_cast<const char*>(object) + offset;
    return box != nullptr ? box->get(member) : member;
  }
  void* In(void* object) const {
    void* member = static_cast<char*>(object) + offset;
    return box != nullptr ? box->change(member) : member;
  }
};

struct TypeOps {
  size_t size;
  size_t alignment;
  void (*construct)(void* where);
  void (*copy)(void* where, const void* from);  // copy-constructs
  void (*destroy)(void* object);
  bool (*equal)(const void* a, const void* b);
  bool (*is_default)(const void* table);  // every field is absent
  // The generated walks; see logical_writer.h, packer.h, unpacker.h.
  void (*encode)(const void* table, LogicalWriter& out);
  size_t (*pack)(Packer& out, const void* table);
  bool (*unpack)(Unpacker& in, size_t at, void* out);
};

struct Type {
  std::string_view name;       // the table's: "Granted"
  std::string_view wire_name;  // a command's (command: "Apply"), otherwise `name`
  bool is_command;
  bool is_internal;
  bool is_event;
  bool is_bookkeeping;
  uint16_t version;
  // The setting `level` from which on it may be written (machines/clusterconfig/settings.h).
  uint16_t level;
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

}  // namespace sluice
