#include "projections/tests/lamp.h"

namespace sluice {
namespace {

void CountPress(Lamp& lamp, Time at) {
  ++lamp.status.presses;
  lamp.items.Put(LampMachine::kPresses, BigEndianKey(lamp.status.presses), PressItem{.at = at});
  // Keeps the last three.
  if (lamp.status.presses > 3) {
    lamp.items.Erase<PressItem>(LampMachine::kPresses, BigEndianKey(lamp.status.presses - 3));
  }
}

}  // namespace

std::vector<PendingAction> LampMachine::Pending(const State& state) {
  if (state.status.phase != Phase::kOn) return {};
  return {PendingAction{.verb = "Shine",
                        .target = state.metadata.name,
                        .location = state.metadata.namespace_ + "/" + state.spec.room,
                        .uid = state.metadata.uid,
                        .generation = state.metadata.generation,
                        .attempt = 0}};
}

std::vector<IndexEntry> LampMachine::Indexes(const State& state) {
  return {{"color", state.spec.color}};
}

std::optional<IndexEntry> LampMachine::IndexOfField(std::string_view path, std::string_view value) {
  if (path != "spec.color") return std::nullopt;
  return IndexEntry{"color", std::string(value)};
}

std::vector<Column> LampMachine::Columns() {
  return {{"PHASE", "status.phase", false}, {"COLOR", "spec.color", true}};
}

DecideResult Decide(const Lamp& lamp, const PressLamp&, const DecideContext& context) {
  Draft<LampMachine> draft(lamp, context);
  if (lamp.status.phase == LampPhase::kOn) {
    draft.Emit(LampTurnedOff{});
    draft.Disarm("off");
  } else {
    draft.Emit(LampTurnedOn{});
    draft.Arm("off", context.time + Duration::Minutes(5));
  }
  return draft.Take();
}

void Evolve(Lamp& lamp, const LampTurnedOn&, const EventContext& context) {
  lamp.status.phase = LampPhase::kOn;
  CountPress(lamp, context.time);
}

void Evolve(Lamp& lamp, const LampTurnedOff&, const EventContext& context) {
  lamp.status.phase = LampPhase::kOff;
  CountPress(lamp, context.time);
}

const KindInfo& LampKind() {
  static const KindInfo kKind = DefineKind<LampMachine>();
  return kKind;
}

const KindRegistry& LampKinds() {
  static const KindRegistry kKinds = [] {
    KindRegistry kinds;
    kinds.Add(LampKind());
    return kinds;
  }();
  return kKinds;
}

}  // namespace sluice
