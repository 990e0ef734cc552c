#include "projections/store_keys.h"

#include "events/result.h"

namespace sluice::store {
namespace {

std::string Begin(Mention mention) { return std::string(1, static_cast<char>(mention)); }

// The parts of an entity prefix behind the kind.
std::string_view WithoutKind(std::string_view entity_prefix) {
  return entity_prefix.substr(entity_prefix.find('\0') + 1);
}

std::string_view KindPart(std::string_view entity_prefix) {
  return entity_prefix.substr(0, entity_prefix.find('\0') + 1);
}

void AppendVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// verb, target, uid, generation, attempt: an action behind its location.
std::optional<PendingAction> TakeAction(std::string_view rest, std::string location) {
  PendingAction action;
  action.location = std::move(location);
  auto verb = TakePart(&rest);
  auto target = TakePart(&rest);
  auto uid = TakePart(&rest);
  if (!verb || !target || !uid || rest.size() != 16) return std::nullopt;
  action.verb = std::move(*verb);
  action.target = std::move(*target);
  action.uid = std::move(*uid);
  action.generation = static_cast<int64_t>(ReadBigEndian64(rest));
  action.attempt = static_cast<uint32_t>(ReadBigEndian64(rest.substr(8)));
  return action;
}

}  // namespace

void AppendBigEndian64(std::string* key, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) key->push_back(static_cast<char>(value >> shift));
}

uint64_t ReadBigEndian64(std::string_view bytes) {
  CHECK(bytes.size() >= 8);
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void AppendPart(std::string* key, std::string_view text) {
  for (char c : text) {
    // 0 -> 1 1, 1 -> 1 2: keeps the order and leaves 0 to be the end.
    if (c == '\0' || c == '\1') {
      key->push_back('\1');
      key->push_back(static_cast<char>(c + 1));
    } else {
      key->push_back(c);
    }
  }
  key->push_back('\0');
}

std::optional<std::string> TakePart(std::string_view* key) {
  std::string text;
  for (size_t i = 0; i < key->size(); ++i) {
    const char c = (*key)[i];
    if (c == '\0') {
      key->remove_prefix(i + 1);
      return text;
    }
    if (c == '\1') {
      if (++i == key->size()) return std::nullopt;
      text.push_back(static_cast<char>((*key)[i] - 1));
    } else {
      text.push_back(c);
    }
  }
  return std::nullopt;
}

std::string EntityPrefix(std::string_view entity) {
  // Its three parts are DNS labels, which need no escape.
  std::string prefix(entity);
  for (char& c : prefix) {
    if (c == '/') c = '\0';
  }
  prefix.push_back('\0');
  return prefix;
}

std::optional<std::string> TakeEntity(std::string_view* key) {
  size_t end = 0;
  for (int part = 0; part < 3; ++part) {
    end = key->find('\0', end);
    if (end == std::string_view::npos) return std::nullopt;
    ++end;
  }
  std::string entity(key->substr(0, end - 1));
  for (char& c : entity) {
    if (c == '\0') c = '/';
  }
  key->remove_prefix(end);
  return entity;
}

std::string ItemRow(std::string_view entity_prefix, uint8_t collection, std::string_view key) {
  std::string row(entity_prefix);
  row.push_back(static_cast<char>(collection));
  row.append(key);
  return row;
}

std::string HistoryRow(std::string_view entity_prefix, uint64_t sequence) {
  std::string row(entity_prefix);
  AppendBigEndian64(&row, sequence);
  return row;
}

std::string CommandRow(std::string_view entity_prefix, std::string_view id) {
  std::string row(entity_prefix);
  row.append(id);
  return row;
}

std::string CountRow(std::string_view kind, uint8_t phase) {
  std::string row;
  AppendPart(&row, kind);
  row.push_back(static_cast<char>(phase));
  return row;
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
  return end;
}

std::string LiveMention() { return Begin(Mention::kLive); }
std::string QuarantinedMention() { return Begin(Mention::kQuarantined); }

std::string PhaseMention(uint8_t phase) {
  std::string mention = Begin(Mention::kPhase);
  mention.push_back(static_cast<char>(phase));
  return mention;
}

std::string LabelMention(std::string_view label, std::string_view value) {
  std::string mention = Begin(Mention::kLabel);
  AppendPart(&mention, label);
  AppendPart(&mention, value);
  return mention;
}

std::string MachineMention(std::string_view index, std::string_view value) {
  std::string mention = Begin(Mention::kMachine);
  AppendPart(&mention, index);
  AppendPart(&mention, value);
  return mention;
}

std::string TimerMention(std::string_view id, Time due) {
  std::string mention = Begin(Mention::kTimer);
  AppendBigEndian64(&mention, static_cast<uint64_t>(due.us));
  mention.append(id);
  return mention;
}

std::string ActionMention(const PendingAction& action) {
  std::string mention = Begin(Mention::kAction);
  AppendPart(&mention, action.location);
  AppendPart(&mention, action.verb);
  AppendPart(&mention, action.target);
  AppendPart(&mention, action.uid);
  AppendBigEndian64(&mention, static_cast<uint64_t>(action.generation));
  AppendBigEndian64(&mention, action.attempt);
  return mention;
}

std::string MentionRow(std::string_view mention, std::string_view entity_prefix) {
  const Mention kind = KindOf(mention);
  const std::string_view rest = mention.substr(1);
  std::string row;
  switch (kind) {
    case Mention::kLive:
    case Mention::kQuarantined:
      row = Begin(kind);
      row.append(entity_prefix);
      return row;
    case Mention::kLabel:
    case Mention::kMachine:
      row = Begin(kind);
      row.append(KindPart(entity_prefix));
      row.append(rest);
      row.append(WithoutKind(entity_prefix));
      return row;
    case Mention::kAction: {
      const size_t location_end = rest.find('\0') + 1;
      row = Begin(kind);
      row.append(rest.substr(0, location_end));
      row.append(entity_prefix);
      row.append(rest.substr(location_end));
      return row;
    }
    case Mention::kTimer:
      row.append(rest.substr(0, 8));
      row.append(entity_prefix);
      row.append(rest.substr(8));
      return row;
    case Mention::kPhase:
      break;
  }
  Unreachable();
}

std::string LiveRows(std::string_view kind, std::optional<std::string_view> namespace_) {
  std::string rows = Begin(Mention::kLive);
  AppendPart(&rows, kind);
  if (namespace_) AppendPart(&rows, *namespace_);
  return rows;
}

std::string LabelRows(std::string_view kind, std::string_view label, std::string_view value) {
  std::string rows = Begin(Mention::kLabel);
  AppendPart(&rows, kind);
  AppendPart(&rows, label);
  AppendPart(&rows, value);
  return rows;
}

std::string MachineRows(std::string_view kind, std::string_view index, std::string_view value) {
  std::string rows = Begin(Mention::kMachine);
  AppendPart(&rows, kind);
  AppendPart(&rows, index);
  AppendPart(&rows, value);
  return rows;
}

std::string QuarantinedRows() { return Begin(Mention::kQuarantined); }

std::string ActionRows(std::optional<std::string_view> location) {
  std::string rows = Begin(Mention::kAction);
  if (location) AppendPart(&rows, *location);
  return rows;
}

std::optional<std::string> EntityOfRow(std::string_view row, std::string_view rows) {
  if (rows.empty() || row.substr(0, rows.size()) != rows) return std::nullopt;
  switch (KindOf(rows)) {
    case Mention::kLive:
    case Mention::kQuarantined: {
      row.remove_prefix(1);
      return TakeEntity(&row);
    }
    case Mention::kLabel:
    case Mention::kMachine: {
      row.remove_prefix(1);
      const auto kind = TakePart(&row);
      const auto name = TakePart(&row);
      const auto value = TakePart(&row);
      const auto namespace_ = TakePart(&row);
      const auto entity_name = TakePart(&row);
      if (!kind || !name || !value || !namespace_ || !entity_name) return std::nullopt;
      return *kind + "/" + *namespace_ + "/" + *entity_name;
    }
    case Mention::kAction:
    case Mention::kTimer:
    case Mention::kPhase:
      return std::nullopt;
  }
  Unreachable();
}

std::optional<TimerRow> ParseTimerRow(std::string_view row) {
  if (row.size() < 8) return std::nullopt;
  TimerRow timer;
  timer.due = Time{static_cast<int64_t>(ReadBigEndian64(row))};
  row.remove_prefix(8);
  auto entity = TakeEntity(&row);
  if (!entity) return std::nullopt;
  timer.entity = std::move(*entity);
  timer.id = std::string(row);
  return timer;
}

std::optional<ActionRow> ParseActionRow(std::string_view row) {
  if (row.empty() || KindOf(row) != Mention::kAction) return std::nullopt;
  row.remove_prefix(1);
  auto location = TakePart(&row);
  if (!location) return std::nullopt;
  auto entity = TakeEntity(&row);
  if (!entity) return std::nullopt;
  auto action = TakeAction(row, std::move(*location));
  if (!action) return std::nullopt;
  return ActionRow{std::move(*entity), std::move(*action)};
}

std::optional<PendingAction> ParseActionMention(std::string_view mention) {
  if (mention.empty() || KindOf(mention) != Mention::kAction) return std::nullopt;
  mention.remove_prefix(1);
  auto location = TakePart(&mention);
  if (!location) return std::nullopt;
  return TakeAction(mention, std::move(*location));
}

std::string EncodeHistory(const std::vector<uint64_t>& ascending) {
  std::string value;
  for (size_t i = 1; i < ascending.size(); ++i) {
    AppendVarint(&value, ascending[i] - ascending[i - 1]);
  }
  return value;
}

bool DecodeHistory(uint64_t first, std::string_view value, std::vector<uint64_t>* sequences) {
  sequences->push_back(first);
  while (!value.empty()) {
    uint64_t step = 0;
    if (!TakeVarint(&value, &step)) return false;
    sequences->push_back(sequences->back() + step);
  }
  return true;
}

}  // namespace sluice::store
