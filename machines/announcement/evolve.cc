#include "machines/announcement/announcement.h"

namespace sluice {

void Evolve(Announcement& announcement, const ChangeChosen& event) {
  announcement.status.target = event.target;
  announcement.status.change = event.change;
}

void Evolve(Announcement& announcement, const ChangeQueued& event) {
  announcement.status.target = event.target;
  announcement.own.next_number = event.number + 1;
  ++announcement.status.waiting;
  announcement.items.Put(AnnouncementMachine::kQueue, BigEndianKey(event.number), event.change);
}

void Evolve(Announcement& announcement, const ChangeAnnounced& event) {
  AnnouncementStatus& status = announcement.status;
  status.phase = AnnouncementPhase::kPending;
  status.retry = {};
  status.last_error.clear();
  status.change = event.next.value_or(PhaseChange{});
  if (!event.next) return;
  --status.waiting;
  announcement.items.Erase<PhaseChange>(AnnouncementMachine::kQueue, BigEndianKey(event.number));
}

void Evolve(Announcement& announcement, const AnnouncementFailed& event) {
  announcement.status.phase = AnnouncementPhase::kBackingOff;
  announcement.status.retry = event.retry;
  announcement.status.last_error = event.message;
}

void Evolve(Announcement& announcement, const AnnouncementRetried&) {
  announcement.status.phase = AnnouncementPhase::kPending;
  announcement.status.retry.next_time = {};
}

// What a user gave up is not there for the next one. The shared Evolve has set the phase.
void Evolve(Announcement& announcement, const EntityDeleted&) {
  std::vector<std::string> keys;
  announcement.items.ScanBytes(AnnouncementMachine::kQueue, "",
                               [&](std::string_view key, std::string_view) {
                                 keys.emplace_back(key);
                                 return true;
                               });
  for (const std::string& key : keys) {
    announcement.items.Erase<PhaseChange>(AnnouncementMachine::kQueue, key);
  }
}

}  // namespace sluice
