// Replacing an instance that no binding owns (binding plane, *Replace*). The source reserves the
// idempotency key and picks names (replace.cc); the replacement is created, tells its source, and
// goes again if that no longer wants it (replacement.cc). The caller's reply goes along with them
// and comes from the source in the end.
#pragma once

#include <optional>

#include "machines/instance/instance.h"

namespace sluice::instance {

inline constexpr CollectionId kReservations = 1;
inline constexpr CollectionId kReservationOutcomes = 2;

// What was decided; the caller's reply is the last follow-up's, which asks for an outcome besides.
Decided TakeWithReply(Draft<InstanceMachine>& draft);

// nullopt when the outcome is of something else.
std::optional<DecideResult> DecideReplaceOutcome(const Instance& instance, const Outcome& outcome,
                                                 const DecideContext& context);

}  // namespace sluice::instance
