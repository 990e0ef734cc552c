#include "machines/clusterconfig/clusterconfig.h"
#include "machines/common/names.h"
#include "machines/network/allocator/prefix.h"

namespace sluice {
namespace {

void CheckPools(const std::vector<std::string>& pools, Family family, const char* path,
                FieldErrors& errors) {
  for (size_t i = 0; i < pools.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", path, i);
    const auto prefix = Prefix::Parse(pools[i]);
    if (!prefix) {
      errors.Add(at, prefix.error());
    } else if (prefix->family() != family) {
      errors.Add(at, fmt::format("'{}' is no {} range", pools[i], ToString(family)));
    }
  }
}

// 0 means the default.
void CheckLength(uint32_t length, Family family, const char* path, FieldErrors& errors) {
  if (length > static_cast<uint32_t>(BitsOf(family))) {
    errors.Add(path, fmt::format("is {}; an {} address has {} bits", length, ToString(family),
                                 BitsOf(family)));
  }
}

}  // namespace

DecideResult Decide(const ClusterConfig& config, const ClusterConfigApply& command,
                    const DecideContext& context) {
  const uint32_t level = LevelOf(context.Settings());
  if (command.spec.level != 0 && command.spec.level < level) {
    FieldErrors errors;
    errors.Add("spec.level",
               fmt::format("is {}; {} is written already, and stays", command.spec.level, level));
    ClusterConfigMachine::Validate(command.spec, errors);
    return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  }
  return DecideUpsert<ClusterConfigMachine>(config, command, context, std::nullopt);
}

void ClusterConfigMachine::Validate(const ClusterConfigSpec& spec, FieldErrors& errors) {
  if (spec.level > kLevel) {
    errors.Add("spec.level",
               fmt::format("is {}; this build writes at most {}", spec.level, kLevel));
  }
  CheckPools(spec.ipv4_pools, Family::kIPv4, "spec.ipv4Pools", errors);
  CheckPools(spec.ipv6_pools, Family::kIPv6, "spec.ipv6Pools", errors);
  CheckPools(spec.local_ipv4_pools, Family::kIPv4, "spec.localIpv4Pools", errors);
  CheckLength(spec.network_ipv4_length, Family::kIPv4, "spec.networkIpv4Length", errors);
  CheckLength(spec.network_ipv6_length, Family::kIPv6, "spec.networkIpv6Length", errors);
  CheckLength(spec.context_ipv4_length, Family::kIPv4, "spec.contextIpv4Length", errors);
  CheckLength(spec.context_ipv6_length, Family::kIPv6, "spec.contextIpv6Length", errors);
  const auto not_negative = [&](const std::optional<Duration>& value, const char* path) {
    if (value && *value < Duration{}) errors.Add(path, "is negative");
  };
  const auto positive = [&](const std::optional<Duration>& value, const char* path) {
    if (value && *value <= Duration{}) errors.Add(path, "is not above 0");
  };
  not_negative(spec.idempotency_window, "spec.idempotencyWindow");
  not_negative(spec.start_deadline, "spec.startDeadline");
  not_negative(spec.candidate_ready_deadline, "spec.candidateReadyDeadline");
  not_negative(spec.expiry_grace, "spec.expiryGrace");
  positive(spec.retry_first, "spec.retryFirst");
  positive(spec.retry_last, "spec.retryLast");
  not_negative(spec.pull_request_poll_interval, "spec.pullRequestPollInterval");
  positive(spec.drift_interval, "spec.driftInterval");
  not_negative(spec.drift_deadline, "spec.driftDeadline");
  if (!spec.notify_url.empty()) {
    if (const auto fault = HttpUrlFault(spec.notify_url)) errors.Add("spec.notifyUrl", *fault);
  }
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
    // Numbered by the version this decision makes: it goes on where a generation begins anew.
    // Deleted settings are the defaults again.
    // The level stays where none is named: nodes of a former build may still be there.
    const AdoptSettings adopt{.generation = static_cast<int64_t>(draft->version) + 1,
                              .settings = WithDefaults(deleting ? ClusterConfigSpec{} : draft->spec,
                                                       LevelOf(draft.context().Settings()))};
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
