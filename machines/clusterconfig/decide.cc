#include "machines/clusterconfig/clusterconfig.h"

namespace sluice {

void ClusterConfigMachine::Validate(const ClusterConfigSpec& spec, FieldErrors& errors) {
  if (spec.level > kLevel) {
    errors.Add("spec.level",
               fmt::format("is {}; this build writes at most {}", spec.level, kLevel));
  }
  const auto positive = [&](const std::optional<Duration>& value, const char* path) {
    if (value && *value < Duration{}) errors.Add(path, "is negative");
  };
  positive(spec.idempotency_window, "spec.idempotencyWindow");
  positive(spec.start_deadline, "spec.startDeadline");
  positive(spec.candidate_ready_deadline, "spec.candidateReadyDeadline");
  positive(spec.expiry_grace, "spec.expiryGrace");
  positive(spec.retry_first, "spec.retryFirst");
  positive(spec.retry_last, "spec.retryLast");
  for (const auto& [kind, text] : spec.stuck_deadlines) {
    const auto parsed = ParseDuration(text);
    if (!parsed) {
      errors.Add("spec.stuckDeadlines." + kind, parsed.error());
    } else if (*parsed < Duration{}) {
      errors.Add("spec.stuckDeadlines." + kind, "is negative; 0 turns it off");
    }
  }
}

void ClusterConfigMachine::Settle(Draft<ClusterConfigMachine>& draft) {
  if (draft.context().self.ToString() != kClusterConfigKey) {
    draft.SetCondition("Ready", ConditionStatus::kFalse, "NotInUse",
                       "only " + std::string(kClusterConfigKey) + " has any effect");
  }
  const bool deleting = draft->IsDeleting();
  const int64_t generation = draft->metadata.generation;
  const bool unsent = draft->status.observed_generation != generation || deleting;
  if (unsent && draft.context().self.ToString() == kClusterConfigKey) {
    // Deleted settings are the defaults again.
    const AdoptSettings adopt{.generation = deleting ? generation + 1 : generation,
                              .settings = deleting ? DefaultSettings() : WithDefaults(draft->spec)};
    for (uint32_t partition = 0; partition < draft.context().partitions; ++partition) {
      draft.SendToPartition(partition, adopt);
    }
    draft.SetCondition("Ready", ConditionStatus::kTrue, "Sent",
                       fmt::format("sent to {} partitions", draft.context().partitions));
  }
  if (draft->status.observed_generation != generation) {
    draft.Emit(ObservedGenerationChanged{.generation = generation});
  }
  if (deleting) draft.Emit(EntityDeleted{});
}

const KindInfo& ClusterConfigKind() {
  static const KindInfo kind = DefineKind<ClusterConfigMachine>();
  return kind;
}

}  // namespace sluice
