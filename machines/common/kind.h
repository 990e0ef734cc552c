// KindInfo: one machine, type-erased, so that the engine, projections and tools treat every kind
// alike.
//
// Made once per kind by DefineKind (define_kind.h) and immutable afterwards; safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/descriptor.h"
#include "events/json.h"
#include "machines/common/context.h"
#include "machines/common/decided.h"
#include "machines/common/entity.h"
#include "machines/common/transitions.h"

namespace sluice {

// How an entity looks to its owner and observers. Two equal observations are not sent twice.
struct Observation {
  std::string uid;
  std::string phase;
  ConditionStatus ready = ConditionStatus::kUnknown;
  std::string reason;
  std::string message;
  int64_t generation = 0;
  AnyTable detail;
  bool operator==(const Observation&) const = default;
};

struct CommandInfo {
  const Type* type = nullptr;
  bool on_absent = false;  // decided for an entity that does not exist, too
  DecideResult (*decide)(const EntityState&, const void* payload, const DecideContext&) = nullptr;
};

struct EventInfo {
  const Type* type = nullptr;
  bool in_table = false;             // named in the transition table
  std::vector<RawTransition> edges;  // those of the table
  void (*evolve)(EntityState&, const void* payload, const EventContext&) = nullptr;
};

// A column of `sluice get`: a field path (events/paths.h) into the object's root table.
struct Column {
  std::string name;
  std::string path;
  bool wide = false;
};

// A secondary key under which an entity is found: ("bindingKey", "team-a/web").
struct IndexEntry {
  std::string index;
  std::string value;
};

struct KindInfo {
  std::string name;    // "networkcontext": in entity keys
  std::string plural;  // "networkcontexts": in HTTP paths
  std::string camel;   // "NetworkContext": in manifests
  std::vector<CommandInfo> commands;
  std::vector<EventInfo> events;
  std::vector<RawTransition> transitions;
  std::vector<std::string> phase_names;  // by number; empty where a number is not used
  std::vector<Column> columns;           // besides NAME and AGE
  // Whether its machine sets conditions of that type itself: nobody else writes them.
  bool (*sets_condition)(std::string_view type) = nullptr;

  // Of the payload of an Apply (SpecFaults of generic_commands.h).
  std::vector<FieldError> (*spec_faults)(const EntityKey& self, const void* apply) = nullptr;

  std::unique_ptr<EntityState> (*make)() = nullptr;
  uint8_t (*phase)(const EntityState&) = nullptr;
  Observation (*observe)(const EntityState&) = nullptr;
  // What providers have to do now: a pure function of state.
  std::vector<PendingAction> (*pending)(const EntityState&) = nullptr;
  std::vector<IndexEntry> (*indexes)(const EntityState&) = nullptr;
  // The entry that every entity has whose JSON has this value, which is not empty, at the path;
  // nullopt: there is none. Null: of no field.
  std::optional<IndexEntry> (*index_of_field)(std::string_view path,
                                              std::string_view value) = nullptr;

  // `events` by type: 1 + index, 0 where a slot is free (kind.cc). A fold looks one up per event.
  std::vector<uint16_t> event_slots;

  const CommandInfo* FindCommand(const Type* type) const;
  const CommandInfo* FindCommandByWireName(std::string_view name) const;
  const EventInfo* FindEvent(const Type* type) const;
  std::string PhaseName(uint8_t phase) const;
};

// The kinds of a build. Filled before anything runs, read-only afterwards.
class KindRegistry {
 public:
  void Add(const KindInfo& kind);  // aborts on a name taken twice
  const KindInfo* Find(std::string_view name) const;
  // Any case, singular, plural or CamelCase.
  const KindInfo* FindLoosely(std::string_view word) const;
  const std::vector<const KindInfo*>& kinds() const { return kinds_; }

 private:
  std::vector<const KindInfo*> kinds_;
};

// All kinds of this build (machines/kinds.cc: one line each).
const KindRegistry& BuiltinKinds();

}  // namespace sluice
