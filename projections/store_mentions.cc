#include "projections/store_mentions.h"

#include <algorithm>

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

void MentionList::Clear() {
  texts_.clear();
  begins_.clear();
}

void MentionList::Begin(Mention mention) {
  begins_.push_back(texts_.size());
  texts_.push_back(static_cast<char>(mention));
}

void MentionList::AddLive() { Begin(Mention::kLive); }
void MentionList::AddQuarantined() { Begin(Mention::kQuarantined); }

void MentionList::AddPhase(uint8_t phase) {
  Begin(Mention::kPhase);
  texts_.push_back(static_cast<char>(phase));
}

void MentionList::AddLabel(std::string_view label, std::string_view value) {
  Begin(Mention::kLabel);
  AppendPart(&texts_, label);
  AppendPart(&texts_, value);
}

void MentionList::AddMachine(std::string_view index, std::string_view value) {
  Begin(Mention::kMachine);
  AppendPart(&texts_, index);
  AppendPart(&texts_, value);
}

void MentionList::AddTimer(std::string_view id, Time due) {
  Begin(Mention::kTimer);
  AppendBigEndian64(&texts_, static_cast<uint64_t>(due.us));
  texts_.append(id);
}

void MentionList::AddAction(const PendingAction& action) {
  Begin(Mention::kAction);
  AppendPart(&texts_, action.location);
  AppendPart(&texts_, action.verb);
  AppendPart(&texts_, action.target);
  AppendPart(&texts_, action.uid);
  AppendBigEndian64(&texts_, static_cast<uint64_t>(action.generation));
  AppendBigEndian64(&texts_, action.attempt);
}

std::string MentionList::Pack() {
  sorted_.clear();
  for (size_t i = 0; i < begins_.size(); ++i) {
    const size_t end = i + 1 < begins_.size() ? begins_[i + 1] : texts_.size();
    sorted_.emplace_back(texts_.data() + begins_[i], end - begins_[i]);
  }
  std::sort(sorted_.begin(), sorted_.end());
  sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
  std::string packed;
  packed.reserve(texts_.size() + 2 * sorted_.size());
  for (const std::string_view mention : sorted_) {
    AppendVarint(&packed, mention.size());
    packed.append(mention);
  }
  return packed;
}

std::optional<std::string_view> TakeMention(std::string_view* packed) {
  uint64_t size = 0;
  if (!TakeVarint(packed, &size) || size == 0 || size > packed->size()) return std::nullopt;
  const std::string_view mention = packed->substr(0, size);
  packed->remove_prefix(size);
  return mention;
}

void MentionRow(std::string_view mention, std::string_view entity_prefix, std::string* lead,
                std::string* rest) {
  const Mention kind = KindOf(mention);
  const std::string_view more = mention.substr(1);
  lead->assign(1, static_cast<char>(kind));
  switch (kind) {
    case Mention::kLive:
    case Mention::kQuarantined:
      rest->assign(entity_prefix);
      return;
    case Mention::kLabel:
    case Mention::kMachine:
      lead->append(KindPart(entity_prefix));
      lead->append(more);
      rest->assign(WithoutKind(entity_prefix));
      return;
    case Mention::kAction: {
      const size_t location_end = more.find('\0') + 1;
      lead->append(more.substr(0, location_end));
      rest->assign(entity_prefix);
      rest->append(more.substr(location_end));
      return;
    }
    case Mention::kTimer:
      lead->assign(more.substr(0, 8));
      rest->assign(entity_prefix);
      rest->append(more.substr(8));
      return;
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

std::string RowOfEntity(std::string_view rows, std::string_view entity) {
  const std::string prefix = EntityPrefix(entity);
  switch (KindOf(rows)) {
    case Mention::kLive:
    case Mention::kQuarantined:
      return std::string(rows.substr(0, 1)) + prefix;
    case Mention::kLabel:
    case Mention::kMachine: {
      // Kind, name and value, whatever of the entity `rows` go on with.
      std::string_view rest = rows.substr(1);
      for (int part = 0; part < 3; ++part) CHECK(TakePart(&rest));
      std::string row(rows.substr(0, rows.size() - rest.size()));
      return row.append(WithoutKind(prefix));
    }
    case Mention::kAction:
    case Mention::kTimer:
    case Mention::kPhase:
      break;
  }
  Unreachable();
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

}  // namespace sluice::store
