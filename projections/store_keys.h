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

namespace sluice::store {

void AppendBigEndian64(std::string* key, uint64_t value);
uint64_t ReadBigEndian64(std::string_view bytes);     // the first 8
void AppendVarint(std::string* out, uint64_t value);  // LEB128
// Takes one off the front; false when there is none.
bool TakeVarint(std::string_view* bytes, uint64_t* value);

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
// Rows of `history`: of decisions that a fold reads, and behind them of those that it does not.
std::string HistoryRow(std::string_view entity_prefix, uint64_t sequence);
std::string OtherHistoryRows(std::string_view entity_prefix);
// Rows of `past`: an entity's items come before its waypoints.
std::string PastItemRows(std::string_view entity_prefix, uint8_t collection);
std::string PastItemRow(std::string_view entity_prefix, uint8_t collection, std::string_view key,
                        uint64_t number);
std::string WaypointRows(std::string_view entity_prefix);
std::string WaypointRow(std::string_view entity_prefix, uint64_t sequence);
std::string CommandRow(std::string_view entity_prefix, Hash128 id);
std::string CountRow(std::string_view kind, uint8_t phase);

// The smallest key greater than every key that begins with `prefix`; empty if there is none.
std::string PrefixEnd(std::string_view prefix);

// --- History values
// A row of `history` stands for its own sequence and for some after it.
std::string EncodeHistory(const std::vector<uint64_t>& ascending);
// Adds to `sequences`. False when the bytes are no history.
bool DecodeHistory(uint64_t first, std::string_view value, std::vector<uint64_t>* sequences);

}  // namespace sluice::store
