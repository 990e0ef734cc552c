#include "projections/entity_bytes.h"

#include <string>

#include "projections/batch_projection.h"

namespace sluice {
namespace {

// A box's own: its count, what is kept with it, and what the allocator adds.
constexpr size_t kBoxBytes = 48;

// The table's struct and those of the boxes it holds; texts and lists are not looked at.
size_t StructBytes(const Type& type, const void* table);

size_t BoxedBytes(const Type& type, const void* table) {
  size_t bytes = 0;
  for (const Field& field : type.fields) {
    const void* member = static_cast<const char*>(table) + field.offset;
    if (field.boxed) {
      const void* held =
          field.box != nullptr ? field.box->held(member) : field.optional->get(member);
      if (held != nullptr) bytes += kBoxBytes + StructBytes(*field.table, held);
    } else if (field.shape == Shape::kValueTable) {
      bytes += BoxedBytes(*field.table, member);
    }
  }
  return bytes;
}

size_t StructBytes(const Type& type, const void* table) {
  return type.ops.size + BoxedBytes(type, table);
}

}  // namespace

size_t ApproximateBytes(const LoadedEntity& entity) {
  size_t bytes = 0;
  if (entity.state != nullptr) bytes = StructBytes(entity.state->root_type(), entity.state->root());
  if (entity.stored == nullptr) return bytes;
  // Texts, lists and kept encodings lie outside of structs and take as much again and a half as
  // packed.
  if (entity.stored->packed != nullptr) bytes += entity.stored->packed->size() * 5 / 2;
  bytes += entity.stored->recent.ByteSize();
  bytes += entity.stored->mentions.size();
  return bytes;
}

}  // namespace sluice
