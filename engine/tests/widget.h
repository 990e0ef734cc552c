// The kind of the engine's own tests (widget.fbs).
#pragma once

#include <array>
#include <string_view>

#include "events/widget.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct WidgetMachine {
  using State = Entity<WidgetState>;
  using Apply = WidgetApply;
  using Created = WidgetCreated;
  using SpecChanged = WidgetSpecChanged;
  using Commands =
      TypeList<AddAmount, Tell, Ask, Watch, Arm, SetFaulty, BreakTable, Swell, Hear, AskedFor>;
  using OnAbsent = TypeList<Hear, AskedFor>;
  using Events = TypeList<AmountAdded, Heard, Rang, WentIdle, FaultySet, OutcomeNoted>;
  using Phase = WidgetPhase;
  static constexpr std::string_view kName = "widget";
  static constexpr std::string_view kPlural = "widgets";
  static constexpr std::string_view kCamel = "Widget";
  static constexpr Phase kInitialPhase = Phase::kIdle;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 7> kTransitions = {{
      {Phase::kAbsent, "WidgetCreated", Phase::kIdle},
      {Phase::kDeleted, "WidgetCreated", Phase::kIdle},
      {Phase::kIdle, "Rang", Phase::kRinging},
      {Phase::kRinging, "WentIdle", Phase::kIdle},
      {Phase::kIdle, "DeletionRequested", Phase::kDeleting},
      {Phase::kRinging, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
};

using Widget = WidgetMachine::State;

DecideResult Decide(const Widget& widget, const AddAmount& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Tell& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Ask& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Watch& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Arm& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const SetFaulty& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const BreakTable& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Swell& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Hear& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const AskedFor& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const TimerDue& command, const DecideContext& context);
DecideResult Decide(const Widget& widget, const Outcome& command, const DecideContext& context);

void Evolve(Widget& widget, const AmountAdded& event);
void Evolve(Widget& widget, const Heard& event);
void Evolve(Widget& widget, const Rang& event);
void Evolve(Widget& widget, const WentIdle& event);
void Evolve(Widget& widget, const FaultySet& event);
void Evolve(Widget& widget, const OutcomeNoted& event);

const KindInfo& WidgetKind();

}  // namespace sluice
