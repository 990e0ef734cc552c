// announcement: phase changes of one instance, on their way to an HTTP target.
//
// It has the instance's namespace and name, begins with the first change that is handed over and
// ends with the last that was taken: what `sluice get announcements` shows is what waits. Changes
// go one at a time, in order, so a receiver never sees the lifecycle run backwards. The instance
// does not wait for it, and it outlives the instance.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "events/announcement.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct AnnouncementMachine {
  using State = Entity<AnnouncementState>;
  using Apply = AnnouncementApply;
  using Created = AnnouncementCreated;
  using SpecChanged = AnnouncementSpecChanged;
  using Commands = TypeList<AnnouncePhase, ReportAnnounced>;
  using OnAbsent = Commands;
  using Events = TypeList<ChangeChosen, ChangeQueued, ChangeAnnounced, AnnouncementFailed,
                          AnnouncementRetried>;
  using Phase = AnnouncementPhase;
  static constexpr std::string_view kName = "announcement";
  static constexpr std::string_view kPlural = "announcements";
  static constexpr std::string_view kCamel = "Announcement";
  static constexpr Phase kInitialPhase = Phase::kPending;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Ready"};
  static constexpr Transitions<Phase, 11> kTransitions = {{
      {Phase::kAbsent, "AnnouncementCreated", Phase::kPending},
      {Phase::kDeleted, "AnnouncementCreated", Phase::kPending},
      {Phase::kPending, "AnnouncementFailed", Phase::kBackingOff},
      {Phase::kBackingOff, "AnnouncementRetried", Phase::kPending},
      // The target took one that it seemed not to.
      {Phase::kBackingOff, "ChangeAnnounced", Phase::kPending},
      {Phase::kPending, "ChangeAnnounced", Phase::kPending},
      {Phase::kPending, "DeletionRequested", Phase::kDeleting},
      {Phase::kBackingOff, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
      {Phase::kPending, "EntityDeleted", Phase::kDeleted},
      {Phase::kBackingOff, "EntityDeleted", Phase::kDeleted},
  }};
  // Changes behind the first, by number.
  static constexpr CollectionId kQueue = 1;

  static std::vector<PendingAction> Pending(const State& state);
  static std::vector<Column> Columns();
};

using Announcement = AnnouncementMachine::State;

inline constexpr std::string_view kNotifyProvider = "notify";

DecideResult Decide(const Announcement&, const AnnouncePhase&, const DecideContext&);
DecideResult Decide(const Announcement&, const ReportAnnounced&, const DecideContext&);
DecideResult Decide(const Announcement&, const TimerDue&, const DecideContext&);

void Evolve(Announcement&, const ChangeChosen&);
void Evolve(Announcement&, const ChangeQueued&);
void Evolve(Announcement&, const ChangeAnnounced&);
void Evolve(Announcement&, const AnnouncementFailed&);
void Evolve(Announcement&, const AnnouncementRetried&);
void Evolve(Announcement&, const EntityDeleted&);

const KindInfo& AnnouncementKind();

}  // namespace sluice
