#include "projections/entity_bytes.h"

#include <string>

#include "projections/batch_projection.h"

namespace sluice {

size_t ApproximateBytes(const LoadedEntity& entity) {
  size_t bytes = entity.state != nullptr ? entity.state->root_type().ops.size : 0;
  if (entity.stored == nullptr) return bytes;
  // Texts and lists lie outside of the root's struct and take half as much again as packed.
  if (entity.stored->packed != nullptr) bytes += entity.stored->packed->size() * 5 / 2;
  for (const std::string& mention : entity.stored->mentions) {
    bytes += sizeof(mention) + mention.capacity();
  }
  return bytes;
}

}  // namespace sluice
