#include "machines/announcement/announcement.h"
#include "machines/common/retry.h"

namespace sluice {
namespace {

using AnnouncementDraft = Draft<AnnouncementMachine>;

constexpr const char* kRetryTimer = "retry";

void SettleReady(AnnouncementDraft& draft) {
  const bool backs_off = draft->status.phase == AnnouncementPhase::kBackingOff;
  draft.SetCondition("Ready", ConditionStatus::kFalse, backs_off ? "TargetFailed" : "Announcing",
                     backs_off ? draft->status.last_error : "");
  draft.Arm(kRetryTimer, draft->status.retry.next_time);
}

}  // namespace

DecideResult Decide(const Announcement& announcement, const AnnouncePhase& command,
                    const DecideContext& context) {
  AnnouncementDraft draft(announcement, context);
  if (announcement.Exists()) {
    draft.Emit(ChangeQueued{.target = command.target,
                            .number = announcement.own.next_number,
                            .change = command.change});
    return draft.Take();
  }
  draft.Emit(AnnouncementCreated{.uid = UidFromOrigin(context.origin),
                                 .labels = {},
                                 .annotations = {},
                                 .owner = std::nullopt,
                                 .spec = {}});
  draft.Emit(ChangeChosen{.target = command.target, .change = command.change});
  SettleReady(draft);
  return draft.Take();
}

DecideResult Decide(const Announcement& announcement, const ReportAnnounced& command,
                    const DecideContext& context) {
  const bool is_first = announcement.Exists() && command.id == announcement.status.change.id;
  if (!is_first) return Ignore();  // Told before, or given up.
  AnnouncementDraft draft(announcement, context);
  if (command.status != ConditionStatus::kTrue) {
    // The same failure told twice is one.
    if (announcement.status.phase == AnnouncementPhase::kBackingOff) return Ignore();
    draft.Emit(AnnouncementFailed{
        .message = command.message,
        .retry = NextRetry(announcement.status.retry, context.time, context.Settings())});
    SettleReady(draft);
    return draft.Take();
  }
  const auto next = announcement.items.Scan<PhaseChange>(AnnouncementMachine::kQueue, "", 1);
  if (next.empty()) {
    draft.Emit(EntityDeleted{});
    return draft.Take();
  }
  uint64_t number = 0;
  for (const char c : next.front().first) number = (number << 8) | static_cast<unsigned char>(c);
  draft.Emit(ChangeAnnounced{.id = command.id, .number = number, .next = next.front().second});
  SettleReady(draft);
  return draft.Take();
}

DecideResult Decide(const Announcement& announcement, const TimerDue&,
                    const DecideContext& context) {
  AnnouncementDraft draft(announcement, context);
  const Time next = announcement.status.retry.next_time;
  if (next.IsSet() && context.time >= next) draft.Emit(AnnouncementRetried{});
  SettleReady(draft);
  return draft.Take();
}

std::vector<PendingAction> AnnouncementMachine::Pending(const State& state) {
  if (!state.Exists() || state.status.phase != AnnouncementPhase::kPending) return {};
  const EntityKey self{std::string(kName), state.metadata.namespace_, state.metadata.name};
  return {{.verb = "Announce",
           .target = self.ToString() + "/" + state.status.change.id,
           .location = std::string(kNotifyProvider),
           .uid = state.metadata.uid,
           .generation = state.metadata.generation,
           .attempt = state.status.retry.attempt}};
}

std::vector<Column> AnnouncementMachine::Columns() {
  return {{"PHASE", "status.phase"},         {"CHANGE", "status.change.to"},
          {"WAITING", "status.waiting"},     {"ATTEMPT", "status.retry.attempt"},
          {"TARGET", "status.target", true}, {"ERROR", "status.lastError", true}};
}

const KindInfo& AnnouncementKind() {
  static const KindInfo kind = DefineKind<AnnouncementMachine>();
  return kind;
}

}  // namespace sluice
