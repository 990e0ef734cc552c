// What an entity has heard, asked and not heard yet, collected along its timeline: what it says of
// itself is in its state, whom it waits for is in its decisions.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "replay/answers.h"
#include "replay/timeline.h"

namespace sluice::replay {

// Used by one thread.
struct Heard {
  struct Subject {
    Observed last;
    Time since;
  };
  struct Asked {
    std::string entity;
    std::string command;
    Time since;
    DecisionPosition position;
    bool until_observed = false;  // Hearing of the entity is an answer, too.
  };
  struct Refusal {
    std::string entity;
    std::string command;
    std::string code;
    std::string message;
    Time time;
    DecisionPosition position;
    uint64_t times = 0;
    bool by_command = false;  // the command was accepted, and answered by a "no"
  };
  std::map<std::string, Subject> subjects;
  std::map<uint64_t, Asked> asked;          // by outcome number
  std::map<std::string, Refusal> refusals;  // by entity: its latest outcome was a no
  std::map<std::string, Asked> actions;     // pending, by verb and target
  std::optional<Json> last_failure;

  // The next decision about the entity.
  void Hear(const Moment& moment);

 private:
  void HearOutcome(const Moment& moment, const sluice::Outcome& outcome);
  void HearRefusal(const Moment& moment);
  void HearReport(const Moment& moment);
  void NoteActions(const Moment& moment);
};

}  // namespace sluice::replay
