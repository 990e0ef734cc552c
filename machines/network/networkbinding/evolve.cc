#include "machines/network/networkbinding/networkbinding.h"

namespace sluice {

void Evolve(NetworkBinding& binding, const NetworkBindingNetworkSeen& event) {
  binding.own.network = event.network;
}

void Evolve(NetworkBinding& binding, const NetworkBindingContextAsked& event) {
  binding.own.asked = event.network_uid;
  binding.own.refused_reason.clear();
  binding.own.refused_message.clear();
}

void Evolve(NetworkBinding& binding, const NetworkBindingContextNamed& event) {
  binding.own.context = event.context;
  binding.own.context_seen = {};
  binding.own.refused_reason.clear();
  binding.own.refused_message.clear();
}

// It counts as asked: a network refuses while it goes, and its next incarnation is asked anew.
void Evolve(NetworkBinding& binding, const NetworkBindingContextDenied& event) {
  binding.own.refused_reason = event.reason;
  binding.own.refused_message = event.message;
}

void Evolve(NetworkBinding& binding, const NetworkBindingContextSeen& event) {
  binding.own.context_seen = event.context;
}

void Evolve(NetworkBinding& binding, const NetworkBindingReadied& event) {
  binding.status.phase = NetworkBindingPhase::kReady;
  binding.status.network_context_ref = event.context;
}

void Evolve(NetworkBinding& binding, const NetworkBindingUnreadied&) {
  binding.status.phase = NetworkBindingPhase::kPending;
}

}  // namespace sluice
