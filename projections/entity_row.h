// An entity in memory as one row of bytes, and back: the value that `entities` has of it
// (docs/formats/projections.md).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "projections/fold.h"

namespace sluice {

// Of an entity all of which is in its store. The row says of its state's hash that it is zero:
// whoever reads it has the state. Replaces what is in `out`, whose storage is used again.
void EncodeEntityRow(const LoadedEntity& entity, std::string* out);

// The entity that a row says, above `items`, which are the store's. kCorruption.
Result<LoadedEntity> DecodeEntityRow(const KindInfo& kind, std::string_view row,
                                     std::shared_ptr<const ItemSource> items);

// One that never was.
LoadedEntity NewEntity(const KindInfo& kind, std::shared_ptr<const ItemSource> items);

}  // namespace sluice
