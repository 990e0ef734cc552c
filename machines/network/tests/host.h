// host: the smallest kind that uses machines/network/attachment, for tests of the plane.
#pragma once

#include "events/host.gen.h"
#include "machines/common/define_kind.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {

struct HostMachine {
  using State = Entity<HostState>;
  using Apply = HostApply;
  using Created = HostCreated;
  using SpecChanged = HostSpecChanged;
  using Commands =
      TypeList<ClaimEnsured, ClaimRefused, AddressGranted, AddressRefused, AddressReleased>;
  using OnAbsent = TypeList<>;
  using Events = TypeList<HostAttached, AttachmentChanged>;
  using Phase = HostPhase;
  static constexpr std::string_view kName = "host";
  static constexpr std::string_view kPlural = "hosts";
  static constexpr std::string_view kCamel = "Host";
  static constexpr Phase kInitialPhase = Phase::kWaiting;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 6> kTransitions = {{
      {Phase::kAbsent, "HostCreated", Phase::kWaiting},
      {Phase::kDeleted, "HostCreated", Phase::kWaiting},
      {Phase::kWaiting, "HostAttached", Phase::kAttached},
      {Phase::kWaiting, "DeletionRequested", Phase::kDeleting},
      {Phase::kAttached, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};
  static void Settle(Draft<HostMachine>& draft);
};

using Host = HostMachine::State;

inline void Evolve(Host& host, const HostAttached&) { host.status.phase = HostPhase::kAttached; }
inline void Evolve(Host& host, const AttachmentChanged& event) {
  PutAttachment(host.own.attachments, event.attachment);
}

DecideResult Decide(const Host& host, const AttachmentAnswer auto& answer, const DecideContext& c) {
  return DecideForAttachments<HostMachine>(host, answer, c).value_or(Ignore());
}
inline DecideResult Decide(const Host& host, const Observed& seen, const DecideContext& c) {
  return DecideForAttachments<HostMachine>(host, seen, c).value_or(Ignore());
}
inline DecideResult Decide(const Host& host, const Outcome& outcome, const DecideContext& c) {
  return DecideForAttachments<HostMachine>(host, outcome, c).value_or(Ignore());
}
inline DecideResult Decide(const Host& host, const TimerDue& timer, const DecideContext& c) {
  return DecideTimer<HostMachine>(host, timer, c);
}

inline void HostMachine::Settle(Draft<HostMachine>& draft) {
  if (draft->IsDeleting()) {
    ReleaseAttachments(draft, draft->own.attachments);
    if (AllReleased(draft->own.attachments)) draft.Emit(EntityDeleted{});
    return;
  }
  if (draft->status.observed_generation == 0) {
    const HostSpec spec = draft->spec;
    for (uint32_t i = 0; i < spec.interfaces.size(); ++i) {
      AddAttachment(draft, {.interface = i,
                            .network = spec.interfaces[i].network.name,
                            .location = spec.location.name,
                            .wants_address = true,
                            .binding = AttachmentBindingName(draft.context().self.name, i)});
    }
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  const auto failure = FailureOf(draft->own.attachments);
  if (failure) {
    draft.SetCondition("Ready", ConditionStatus::kFalse, failure->reason, failure->message);
  } else if (AllReady(draft->own.attachments)) {
    draft.SetCondition("Ready", ConditionStatus::kTrue, "Attached", "");
    if (draft->status.phase == Phase::kWaiting) draft.Emit(HostAttached{});
  } else {
    draft.SetCondition("Ready", ConditionStatus::kFalse, "Waiting", "");
  }
}

inline const KindInfo& HostKind() {
  static const KindInfo kind = DefineKind<HostMachine>();
  return kind;
}

}  // namespace sluice
