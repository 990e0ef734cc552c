#include "projections/entity_row.h"

#include <utility>
#include <vector>

#include "events/codec.h"
#include "projections/batch_projection.h"
#include "projections/store_values.h"

namespace sluice {
namespace {

// Not by address, which a later state may have again.
bool IsSame(const std::weak_ptr<const EntityState>& left,
            const std::shared_ptr<EntityState>& right) {
  return !left.owner_before(right) && !right.owner_before(left);
}

}  // namespace

void EncodeEntityRow(const LoadedEntity& entity, std::string* out) {
  static const StoredForm kNothingKnown;
  const StoredForm& stored = entity.stored != nullptr ? *entity.stored : kNothingKnown;
  thread_local Bytes root;
  store::EntityParts parts;
  parts.decisions = stored.decisions;
  parts.version = entity.state->version;
  parts.sequence = entity.sequence;
  parts.item_hash_sum = entity.state->items.hash_sum();
  parts.marks = &entity.marks;
  parts.recent = &stored.recent;
  parts.mentions = stored.mentions;
  if (IsSame(stored.packed_of, entity.state)) {
    parts.root = *stored.packed;
  } else {
    PackInto(entity.state->root_type(), entity.state->root(), &root);
    parts.root = root;
  }
  store::EncodeEntity(parts, out);
}

LoadedEntity NewEntity(const KindInfo& kind, std::shared_ptr<const ItemSource> items) {
  LoadedEntity entity;
  entity.kind = &kind;
  entity.state = kind.make();
  entity.state->items.set_source(items.get());
  entity.source = std::move(items);
  entity.stored = std::make_shared<StoredForm>();
  return entity;
}

Result<LoadedEntity> DecodeEntityRow(const KindInfo& kind, std::string_view row,
                                     std::shared_ptr<const ItemSource> items) {
  auto record = store::DecodeEntity(row);
  if (!record) return tl::unexpected(record.error());
  auto tail = store::DecodeEntityTail(row);
  if (!tail) return tl::unexpected(tail.error());
  LoadedEntity entity = NewEntity(kind, std::move(items));
  EntityState& state = *entity.state;
  auto unpacked = Unpack(state.root_type(), record->root, state.mutable_root());
  if (!unpacked) return tl::unexpected(unpacked.error());
  state.items.set_hash_sum(record->item_hash_sum);
  state.version = record->version;
  entity.marks = std::move(record->marks);
  entity.sequence = record->sequence;
  StoredForm& stored = *entity.stored;
  stored.mentions = std::move(tail->mentions);
  stored.packed = std::make_shared<const Bytes>(std::move(record->root));
  stored.packed_of = entity.state;
  stored.is_written = true;
  stored.version = record->version;
  stored.decisions = tail->decisions;
  stored.recent = std::move(tail->recent);
  return entity;
}

}  // namespace sluice
