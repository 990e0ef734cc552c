// The logical encoding: bytes that depend on a table's content alone, not on who wrote it or how.
// Hashes, fingerprints and template hashes are taken over it. docs/formats/logical_encoding.md has
// the grammar. All functions may be called from any thread.
#pragma once

#include <string>

#include "events/basic_types.h"
#include "events/descriptor.h"

namespace sluice {

// Grows when the encoding of anything changes; hashes of different versions do not compare.
inline constexpr int kHashVersion = 1;

// Appends to `*out`. Two tables of one type give the same bytes if and only if they are equal (but
// for floating point: -0.0 and 0.0 are equal and encoded apart).
void AppendLogical(const Type& type, const void* table, std::string* out);

// XXH3-128 of the logical encoding.
Hash128 LogicalHash(const Type& type, const void* table);

template <class T>
Hash128 LogicalHash(const T& table) {
  return LogicalHash(TypeOf<T>(), &table);
}

}  // namespace sluice
