// The rules of spec page "Binding plane", as the parts of Settle. Each reads the draft as the one
// before left it and emits what it decides; none looks at anything else.
#pragma once

#include "machines/binding/binding.h"

namespace sluice::binding {

// True once the key is this binding's.
bool SettleKey(BindingDraft& draft);
// Rule 1.
void SettleAdoption(BindingDraft& draft);
// An attempt is under way, or stands blocked: nothing is created, promoted or cut over.
bool AdoptionHolds(const Binding& binding);
// Rules 3 and 4.
void SettleActive(BindingDraft& draft);
// Rules 3 and 5, the retry of a refused creation, and the deadline.
void SettleCandidate(BindingDraft& draft);
// Rules 6 and 8: a candidate where one is due.
void SettleCreation(BindingDraft& draft);
// Rules 7 and 8: promotion and cutover.
void SettleCutover(BindingDraft& draft);
// Rule 2.
void SettleCleanup(BindingDraft& draft);
// Everything of a deleting binding.
void SettleDeletion(BindingDraft& draft);

void SettlePhase(BindingDraft& draft);
void SettleConditions(BindingDraft& draft);
void SettleTimers(BindingDraft& draft);

}  // namespace sluice::binding
