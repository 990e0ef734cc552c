#include "machines/instance/announce.h"

namespace sluice {

void Evolve(Instance& instance, const PhaseHandedOver& event) {
  instance.own.announced = event.phase;
  ++instance.own.announcements;
}

namespace instance {

void HandOverPhase(Draft<InstanceMachine>& draft) {
  const auto& annotations = draft->metadata.annotations;
  const auto target = annotations.find(kNotifyAnnotation);
  const std::string phase(ToString(draft->status.phase));
  if (target == annotations.end() || target->second.empty() || phase == draft->own.announced) {
    return;
  }
  const Condition* ready = FindCondition(draft->status.conditions, "Ready");
  const EntityKey& self = draft.context().self;
  const std::string number = std::to_string(draft->own.announcements + 1);
  draft.Send(
      EntityKey{"announcement", self.namespace_, self.name},
      AnnouncePhase{.target = target->second,
                    .change = {.id = draft->metadata.uid + "/" + number,
                               .instance = {.namespace_ = self.namespace_, .name = self.name},
                               .uid = draft->metadata.uid,
                               .generation = draft->metadata.generation,
                               .from = draft->own.announced,
                               .to = phase,
                               .ready = ready ? ready->status : ConditionStatus::kUnknown,
                               .reason = ready ? ready->reason : "",
                               .message = ready ? ready->message : "",
                               .at = draft.now()}});
  draft.Emit(PhaseHandedOver{.phase = phase});
}

std::optional<std::string> NotifyUrlFault(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    const std::string_view rest = url.substr(scheme.size());
    const bool named = !rest.empty() && rest.front() != '/';
    const bool clean = rest.find_first_of(" \t\r\n") == std::string_view::npos;
    return named && clean ? std::nullopt : std::optional<std::string>("names no host");
  }
  return "is neither http:// nor https://";
}

}  // namespace instance
}  // namespace sluice
