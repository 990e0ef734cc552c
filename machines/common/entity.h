// The state of one entity, as machines, the fold and the engine see it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "events/common.gen.h"
#include "events/descriptor.h"
#include "events/envelope.gen.h"
#include "machines/common/items.h"

namespace sluice {

struct KindInfo;

// Type-erased. The root table (metadata, spec, status, own, relations) is reached by its
// descriptor, the parts that every kind has by reference.
class EntityState {
 public:
  virtual ~EntityState() = default;
  virtual std::unique_ptr<EntityState> Clone() const = 0;
  virtual const Type& root_type() const = 0;
  virtual const void* root() const = 0;
  virtual void* mutable_root() = 0;
  virtual const Metadata& metadata_part() const = 0;
  virtual Metadata& mutable_metadata() = 0;
  virtual Relations& relations_part() = 0;
  const Relations& relations_part() const {
    return const_cast<EntityState*>(this)->relations_part();
  }

  // Created and not gone.
  bool Exists() const { return !metadata_part().uid.empty() && !relations_part().deleted; }
  bool IsDeleting() const { return Exists() && metadata_part().deletion_timestamp.IsSet(); }

  // XXH3-128(root) + sum over items, mod 2^128 (hash_version 1). Covers machine state, relations
  // and timers; not the version, deduplication or quarantine.
  Hash128 Hash() const;

  Items items;
  uint64_t version = 0;  // object version: no gaps, never back, across re-creation too
};

// What a machine is written against: its root table's members, and its items.
template <class Root>
class Entity final : public EntityState, public Root {
 public:
  std::unique_ptr<EntityState> Clone() const override { return std::make_unique<Entity>(*this); }
  const Type& root_type() const override { return TypeOf<Root>(); }
  const void* root() const override { return static_cast<const Root*>(this); }
  void* mutable_root() override { return static_cast<Root*>(this); }
  const Metadata& metadata_part() const override { return this->metadata; }
  Metadata& mutable_metadata() override {
    if constexpr (requires { this->metadata.Mutable(); }) {
      return this->metadata.Mutable();
    } else {
      return this->metadata;
    }
  }
  Relations& relations_part() override { return this->relations; }
};

// The armed time of a timer, or unset.
Time ArmedTimer(const Relations& relations, std::string_view id);
// Arms, moves or (due unset) disarms.
void ApplyTimerChange(Relations& relations, const TimerChange& change);

inline const OwnerReference* OwnerOf(const Metadata& metadata) {
  return metadata.owner_references.empty() ? nullptr : &metadata.owner_references.front();
}
std::string OwnerKey(const OwnerReference& owner);  // entity key of the owner

}  // namespace sluice
