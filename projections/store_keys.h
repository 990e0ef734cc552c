// Bytes of the keys of a partition's projections (docs/formats/projections.md). Pure functions.
//
// Texts inside a key end in a zero byte; a zero byte within one is escaped, so keys order as their
// parts do and no value reaches into its neighbour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/basic_types.h"
#include "events/common.gen.h"

namespace sluice::store {

void AppendBigEndian64(std::string* key, uint64_t value);
uint64_t ReadBigEndian64(std::string_view bytes);  // the first 8

// `text`, escaped, and its end.
void AppendPart(std::string* key, std::string_view text);
// Takes one part off the front; nullopt when there is no end.
std::optional<std::string> TakePart(std::string_view* key);

// kind, namespace and name as parts: orders by (kind, namespace, name), which the text with slashes
// would not.
std::string EntityPrefix(std::string_view entity);
// Takes them off again: "kind/namespace/name".
std::optional<std::string> TakeEntity(std::string_view* key);

std::string ItemRow(std::string_view entity_prefix, uint8_t collection, std::string_view key);
std::string HistoryRow(std::string_view entity_prefix, uint64_t sequence);
std::string CommandRow(std::string_view entity_prefix, std::string_view id);
std::string CountRow(std::string_view kind, uint8_t phase);

// The smallest key greater than every key that begins with `prefix`; empty if there is none.
std::string PrefixEnd(std::string_view prefix);

// --- Mentions
// ------------------------------------------------------------------------------------- A mention
// is one place an entity stands under besides its own record, without the entity's key. An entity's
// mentions are kept sorted in its record; the difference to the next ones is what is written. The
// first byte says what it is.
enum class Mention : char {
  kAction = 'a',       // a pending action
  kLabel = 'l',        // label, value
  kLive = 'L',         // created and not gone: listed
  kMachine = 'm',      // index, value: as the machine says
  kPhase = 'p',        // counted, not a row
  kQuarantined = 'q',  // set aside
  kTimer = 't',        // armed
};

std::string LiveMention();
std::string QuarantinedMention();
std::string PhaseMention(uint8_t phase);
std::string LabelMention(std::string_view label, std::string_view value);
std::string MachineMention(std::string_view index, std::string_view value);
std::string TimerMention(std::string_view id, Time due);
std::string ActionMention(const PendingAction& action);

inline Mention KindOf(std::string_view mention) { return static_cast<Mention>(mention.front()); }

// The row a mention is: in the family `timers` for kTimer, else in `indexes`. Not for kPhase.
std::string MentionRow(std::string_view mention, std::string_view entity_prefix);

// What rows of each sort begin with, narrower with every part given.
std::string LiveRows(std::string_view kind, std::optional<std::string_view> namespace_);
std::string LabelRows(std::string_view kind, std::string_view label, std::string_view value);
std::string MachineRows(std::string_view kind, std::string_view index, std::string_view value);
std::string QuarantinedRows();
std::string ActionRows(std::optional<std::string_view> location);

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

// --- History values
// ------------------------------------------------------------------------------- A row of
// `history` stands for its own sequence and for those of the same batch after it.
std::string EncodeHistory(const std::vector<uint64_t>& ascending);
// False when the bytes are no history.
bool DecodeHistory(uint64_t first, std::string_view value, std::vector<uint64_t>* sequences);

}  // namespace sluice::store
