// Bytes of the values in a partition's projections (docs/formats/projections.md). Pure functions.
//
// Not FlatBuffers: a rebuild writes millions of them, and a table around a packed root would have
// it copied once more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/projections.gen.h"
#include "events/result.h"
#include "projections/recent.h"

namespace sluice::store {

// What `entities` holds of one, as the writer has it: views.
struct EntityParts {
  uint64_t decisions = 0;
  uint64_t version = 0;
  uint64_t sequence = 0;
  Hash128 item_hash_sum;
  Hash128 state_hash;
  const Recent* recent = nullptr;  // null: nothing
  const EntityMarks* marks = nullptr;
  std::string_view mentions;  // packed (store_mentions.h)
  std::string_view root;
};
// Replaces what is in `out`, whose storage is used again.
void EncodeEntity(const EntityParts& parts, std::string* out);
// kCorruption. `kind` is not in the value but in its key, and stays empty.
Result<EntityRecord> DecodeEntity(std::string_view value);
// What a writer goes on from that is not the entity's. kCorruption.
struct EntityTail {
  uint64_t decisions = 0;  // that a fold has read to come there
  Recent recent;
  std::string mentions;  // packed
};
Result<EntityTail> DecodeEntityTail(std::string_view value);

// A waypoint: its number among the entity's, and the entity without its mentions and what is
// recent.
void EncodeWaypoint(uint64_t number, const EntityParts& parts, std::string* out);
struct StoredWaypoint {
  uint64_t number = 0;
  EntityRecord record;
};
Result<StoredWaypoint> DecodeWaypoint(std::string_view value);

void AppendHash(std::string* out, Hash128 hash);
void AppendCommand(const RememberedCommand& command, std::string* out);
// Takes one off the front; false when there is none.
bool TakeCommand(std::string_view* bytes, RememberedCommand* command);
// Replaces what is in `out`, as EncodeEntity does.
void EncodeCommand(const RememberedCommand& command, std::string* out);
Result<RememberedCommand> DecodeCommand(std::string_view value);
// When it was decided: all that forgetting needs. Unset where the value is none.
Time CommandTime(std::string_view value);

}  // namespace sluice::store
