// What a source keeps of its replacements, also when it is gone itself.
#include "machines/instance/replace.h"

namespace sluice {

using instance::kReservationOutcomes;
using instance::kReservations;

namespace {

ReplaceReservation ReservationOf(const Instance& instance, const std::string& key) {
  auto found = instance.items.Get<ReplaceReservation>(kReservations, key);
  if (!found) throw InvariantViolation("no reservation under " + key);
  return *std::move(found);
}

}  // namespace

void Evolve(Instance& instance, const ReplacementReserved& event) {
  instance.items.Put(kReservations, event.idempotency_key, event.reservation);
}

void Evolve(Instance& instance, const ReplacementAsked& event) {
  ReplaceReservation reservation = ReservationOf(instance, event.idempotency_key);
  reservation.name = event.name;
  reservation.names_tried = event.names_tried;
  if (reservation.state == ReservationState::kRefused) {
    reservation.state = ReservationState::kAsked;
  }
  instance.items.Put(kReservations, event.idempotency_key, reservation);
  instance.items.Put(kReservationOutcomes, BigEndianKey(event.outcome),
                     ReservationOutcome{.idempotency_key = event.idempotency_key});
}

void Evolve(Instance& instance, const ReplacementConfirmed& event) {
  ReplaceReservation reservation = ReservationOf(instance, event.idempotency_key);
  reservation.state = ReservationState::kMade;
  instance.items.Put(kReservations, event.idempotency_key, reservation);
}

void Evolve(Instance& instance, const ReplacementAskAnswered& event) {
  instance.items.Erase<ReservationOutcome>(kReservationOutcomes, BigEndianKey(event.outcome));
  ReplaceReservation reservation = ReservationOf(instance, event.idempotency_key);
  if (event.accepted || reservation.state != ReservationState::kAsked) return;
  reservation.state = ReservationState::kRefused;
  instance.items.Put(kReservations, event.idempotency_key, reservation);
}

void Evolve(Instance& instance, const ReplacementConfirmationAsked& event) {
  instance.own.confirm_outcome = event.outcome;
}

void Evolve(Instance& instance, const ReplacementConfirmationAnswered&) {
  instance.own.confirm_outcome = 0;
}

}  // namespace sluice
