// Mentions: the places an entity stands under besides its own record.
//
// A mention is such a place without the entity's key. An entity's mentions are kept sorted in its
// record; the difference to the next ones is what is written. Its first byte says what it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/basic_types.h"
#include "events/common.gen.h"
#include "projections/store_keys.h"

namespace sluice::store {

enum class Mention : char {
  kAction = 'a',       // a pending action
  kLabel = 'l',        // label, value
  kLive = 'L',         // created and not gone: listed
  kMachine = 'm',      // index, value: as the machine says
  kPhase = 'p',        // counted, not a row
  kQuarantined = 'q',  // set aside
  kTimer = 't',        // armed
};

// An entity's, collected in any order. Used again for the next one, so that its memory is.
class MentionList {
 public:
  void Clear();
  void AddLive();
  void AddQuarantined();
  void AddPhase(uint8_t phase);
  void AddLabel(std::string_view label, std::string_view value);
  void AddMachine(std::string_view index, std::string_view value);
  void AddTimer(std::string_view id, Time due);
  void AddAction(const PendingAction& action);
  // Sorted and each once, one text after the other as the entity's row has them.
  std::string Pack();

 private:
  void Begin(Mention mention);

  std::string texts_;           // one behind the other
  std::vector<size_t> begins_;  // of each
  std::vector<std::string_view> sorted_;
};

// Takes the next of what Pack gave off the front; nullopt at the end.
std::optional<std::string_view> TakeMention(std::string_view* packed);

inline Mention KindOf(std::string_view mention) { return static_cast<Mention>(mention.front()); }

// The row a mention is, in two parts: in the family `timers` for kTimer, else in `indexes`. Not for
// kPhase. Rows order by `lead`, no lead begins another, and under one of them they order as the
// entities do, and one entity's as its mentions. Replaces what is in `lead` and `rest`.
void MentionRow(std::string_view mention, std::string_view entity_prefix, std::string* lead,
                std::string* rest);

// What rows of each sort begin with, narrower with every part given.
std::string LiveRows(std::string_view kind, std::optional<std::string_view> namespace_);
std::string LabelRows(std::string_view kind, std::string_view label, std::string_view value);
std::string MachineRows(std::string_view kind, std::string_view index, std::string_view value);
std::string QuarantinedRows();
std::string ActionRows(std::optional<std::string_view> location);

// The row of `entity` among them.
std::string RowOfEntity(std::string_view rows, std::string_view entity);
// And what they say; nullopt: not such a row.
std::optional<std::string> EntityOfRow(std::string_view row, std::string_view rows);

struct TimerRow {
  Time due;
  std::string entity;
  std::string id;
};
std::optional<TimerRow> ParseTimerRow(std::string_view row);

struct ActionRow {
  std::string entity;
  PendingAction action;
};
std::optional<ActionRow> ParseActionRow(std::string_view row);
std::optional<PendingAction> ParseActionMention(std::string_view mention);

}  // namespace sluice::store
