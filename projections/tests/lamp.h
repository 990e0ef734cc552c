// A small machine for the tests of projections: a lamp with items, a timer, an index and an action.
#pragma once

#include <array>
#include <string_view>

#include "events/lamp.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct LampMachine {
  using State = Entity<LampState>;
  using Apply = LampApply;
  using Created = LampCreated;
  using SpecChanged = LampSpecChanged;
  using Commands = TypeList<PressLamp>;
  using OnAbsent = TypeList<>;
  using Events = TypeList<LampTurnedOn, LampTurnedOff>;
  using Phase = LampPhase;
  static constexpr std::string_view kName = "lamp";
  static constexpr std::string_view kPlural = "lamps";
  static constexpr std::string_view kCamel = "Lamp";
  static constexpr Phase kInitialPhase = Phase::kOff;
  static constexpr std::array<std::string_view, 0> kInitialConditions = {};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "LampCreated", Phase::kOff},
      {Phase::kDeleted, "LampCreated", Phase::kOff},
      {Phase::kOff, "LampTurnedOn", Phase::kOn},
      {Phase::kOn, "LampTurnedOff", Phase::kOff},
      {Phase::kOff, "DeletionRequested", Phase::kDeleting},
      {Phase::kOn, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
  static constexpr CollectionId kPresses = 1;

  static std::vector<PendingAction> Pending(const State& state);
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::optional<IndexEntry> IndexOfField(std::string_view path, std::string_view value);
  static std::vector<Column> Columns();
};

using Lamp = LampMachine::State;

DecideResult Decide(const Lamp& lamp, const PressLamp& command, const DecideContext& context);
void Evolve(Lamp& lamp, const LampTurnedOn& event, const EventContext& context);
void Evolve(Lamp& lamp, const LampTurnedOff& event, const EventContext& context);

const KindInfo& LampKind();
const KindRegistry& LampKinds();

}  // namespace sluice
