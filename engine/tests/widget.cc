#include "engine/tests/widget.h"

namespace sluice {

DecideResult Decide(const Widget& widget, const AddAmount& command, const DecideContext& context) {
  if (command.amount < 0) {
    return Reject(Rejection::InvalidArgument("payload.amount", "is negative"));
  }
  if (command.amount == 0) return NoChange();
  Draft<WidgetMachine> draft(widget, context);
  if (widget.status.phase == WidgetPhase::kRinging) draft.Emit(WentIdle{});
  draft.Emit(AmountAdded{.amount = command.amount});
  draft.SetCondition("Ready", ConditionStatus::kTrue, "Counted",
                     std::to_string(draft->status.total));
  return draft.Take();
}

DecideResult Decide(const Widget& widget, const Tell& command, const DecideContext& context) {
  Draft<WidgetMachine> draft(widget, context);
  for (int i = 0; i < command.times; ++i) {
    draft.SendForOutcome(KeyOrDie(command.target), Hear{.amount = i + 1, .rearm = command.rearm});
  }
  return draft.Take();
}

DecideResult Decide(const Widget& widget, const Ask& command, const DecideContext& context) {
  Draft<WidgetMachine> draft(widget, context);
  draft.SendForReply(KeyOrDie(command.target), AskedFor{});
  return draft.Take();
}

DecideResult Decide(const Widget&, const Watch& command, const DecideContext& context) {
  return Decided{}.Send(KeyOrDie(command.subject), Observe{.observer = context.self.ToString()});
}

DecideResult Decide(const Widget& widget, const Arm& command, const DecideContext& context) {
  Draft<WidgetMachine> draft(widget, context);
  draft.Arm(command.timer.empty() ? "ring" : command.timer, context.time + command.after);
  return draft.Take();
}

DecideResult Decide(const Widget&, const SetFaulty& command, const DecideContext&) {
  return Decided{}.Emit(FaultySet{.faulty = command.faulty});
}

DecideResult Decide(const Widget&, const BreakTable&, const DecideContext&) {
  return Decided{}.Emit(WentIdle{});  // from Idle: no such edge
}

DecideResult Decide(const Widget&, const Swell& command, const DecideContext& context) {
  return Decided{}.Send(context.self,
                        Observe{.observer = std::string(static_cast<size_t>(command.bytes), 'x')});
}

DecideResult Decide(const Widget& widget, const Hear& command, const DecideContext& context) {
  if (!widget.Exists()) return Reject(Rejection::NotFound("nobody hears"));
  if (widget.faulty) throw InvariantViolation("the widget is faulty");
  Draft<WidgetMachine> draft(widget, context);
  draft.Emit(Heard{.amount = command.amount});
  if (command.rearm > Duration{}) draft.Arm("ring", context.time + command.rearm);
  return draft.Take();
}

DecideResult Decide(const Widget& widget, const AskedFor&, const DecideContext&) {
  if (!widget.Exists()) return Reject(Rejection::NotFound("nobody answers"));
  return Decided{}.Reply(WidgetReply{.total = widget.status.total});
}

DecideResult Decide(const Widget& widget, const TimerDue& command, const DecideContext& context) {
  if (command.id == "swell") return Decide(widget, Swell{.bytes = 600 * 1024}, context);
  if (widget.faulty) throw InvariantViolation("the widget is faulty");
  Draft<WidgetMachine> draft(widget, context);
  if (widget.status.phase == WidgetPhase::kIdle) draft.Emit(Rang{});
  return draft.Take();
}

DecideResult Decide(const Widget&, const Outcome& command, const DecideContext&) {
  return Decided{}.Emit(OutcomeNoted{.text = std::to_string(command.number) +
                                             (command.accepted ? " yes" : " " + command.code)});
}

void Evolve(Widget& widget, const AmountAdded& event) { widget.status.total += event.amount; }
void Evolve(Widget& widget, const Heard&) { ++widget.status.heard; }
void Evolve(Widget& widget, const Rang&) {
  widget.status.phase = WidgetPhase::kRinging;
  ++widget.status.rings;
}
void Evolve(Widget& widget, const WentIdle&) { widget.status.phase = WidgetPhase::kIdle; }
void Evolve(Widget& widget, const FaultySet& event) { widget.faulty = event.faulty; }
void Evolve(Widget& widget, const OutcomeNoted& event) {
  widget.status.outcomes.push_back(event.text);
}

const KindInfo& WidgetKind() {
  static const KindInfo kind = DefineKind<WidgetMachine>();
  return kind;
}

}  // namespace sluice
