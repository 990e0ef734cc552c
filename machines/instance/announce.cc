#include "machines/instance/announce.h"

namespace sluice {

void Evolve(Instance& instance, const PhaseHandedOver& event) {
  instance.own.announced = event.phase;
  ++instance.own.announcements;
}

namespace instance {

void HandOverPhase(Draft<InstanceMachine>& draft) {
  const auto& annotations = draft->metadata->annotations;
  const auto named = annotations.find(kNotifyAnnotation);
  const std::string target =
      named != annotations.end() ? named->second : draft.context().Settings().notify_url;
  const std::string phase(ToString(draft->status.phase));
  if (target.empty() || phase == draft->own.announced) return;
  const Condition* ready = FindCondition(draft->status.conditions, "Ready");
  const EntityKey& self = draft.context().self;
  const std::string number = std::to_string(draft->own.announcements + 1);
  draft.Send(
      EntityKey{"announcement", self.namespace_, self.name},
      AnnouncePhase{.target = target,
                    .change = {.id = draft->metadata->uid + "/" + number,
                               .instance = {.namespace_ = self.namespace_, .name = self.name},
                               .uid = draft->metadata->uid,
                               .generation = draft->metadata->generation,
                               .from = draft->own.announced,
                               .to = phase,
                               .ready = ready ? ready->status : ConditionStatus::kUnknown,
                               .reason = ready ? ready->reason : "",
                               .message = ready ? ready->message : "",
                               .at = draft.now()}});
  draft.Emit(PhaseHandedOver{.phase = phase});
}

}  // namespace instance
}  // namespace sluice
