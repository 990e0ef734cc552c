// Fields by their path within a table, and the differences of two tables, for errors, diff, why and
// expressions. Paths use JSON names: status.conditions[0].type,
// status.conditions[type=Ready].status, metadata.labels.app, metadata.labels["example.com/app"].
// All functions may be called from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/descriptor.h"
#include "events/result.h"

namespace sluice {

// The JSON text of what is at `path`; nullopt when there is no such field or nothing is in it. A
// number or enumerator without `= null` is always there.
std::optional<std::string> GetPath(const Type& type, const void* table, std::string_view path);

// Whether a table of the type may have something at `path`: kInvalid says which part of it is no
// field, and which fields there are.
Result<void> CheckPath(const Type& type, std::string_view path);
// The same: the field at its end, of whose elements it is one where the path names one. Null: below
// a map, JSON or a table of any type, where the content says what there is.
Result<const Field*> FieldAt(const Type& type, std::string_view path);

struct FieldDiff {
  std::string path;
  std::string before;  // JSON text; "" when absent
  std::string after;

  bool operator==(const FieldDiff&) const = default;
};

// Every field that differs, in the schema's order. Tables in a vector are matched by their field
// marked (identity) where that is unique, otherwise by index; a vector of plain values differs as a
// whole.
std::vector<FieldDiff> Diff(const Type& type, const void* a, const void* b);

template <class T>
std::optional<std::string> GetPath(const T& table, std::string_view path) {
  return GetPath(TypeOf<T>(), &table, path);
}

template <class T>
std::vector<FieldDiff> Diff(const T& a, const T& b) {
  return Diff(TypeOf<T>(), &a, &b);
}

}  // namespace sluice
