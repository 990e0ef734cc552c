// What entities ask their providers for, and since when: in a record, or in a fork of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "machines/common/kind.h"

namespace sluice::replay {

// Of one entity.
struct Asked {
  std::vector<PendingAction> actions;  // that are pending, or were last
  std::vector<Time> since;             // of each
  bool pending = false;

  bool operator==(const Asked&) const = default;
};

// Used by one thread.
class AskedActions {
 public:
  // The entity is `state` since `time`.
  void See(const std::string& entity, const KindInfo& kind, const EntityState& state, Time time);
  // Empty: it has asked for nothing yet.
  Asked Of(const std::string& entity) const;

 private:
  std::unordered_map<std::string, Asked> asked_;
};

// An entity as its provider sees it.
struct Situation {
  const KindInfo* kind = nullptr;
  std::shared_ptr<const EntityState> state;  // null: it never was
  Asked asked;

  bool Exists() const { return state != nullptr && state->Exists(); }
};

// How much later `here` has asked for what a report on `recorded` answers; nullopt: it has not, or
// for something else.
std::optional<Duration> AskedLater(const Situation& recorded, const Situation& here);

// Adds what is pending of `entity` in the fork and not in the original, where it ended as
// `recorded`, or never was (null): "ProgramSubnet of subnet/default/x".
void AddMissing(const std::string& entity, const KindInfo& kind, const EntityState* recorded,
                const EntityState& here, std::vector<std::string>* missing);

}  // namespace sluice::replay
