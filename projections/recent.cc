#include "projections/recent.h"

#include <algorithm>

#include "projections/store_keys.h"
#include "projections/store_values.h"

namespace sluice::store {
namespace {

constexpr size_t kIdBytes = 16;

// Calls `visit` with each, where it begins and ends, until it returns false. False: they are none.
template <class Visit>
bool ForEach(std::string_view commands, const Visit& visit) {
  RememberedCommand command;
  for (size_t at = 0; at < commands.size();) {
    std::string_view rest = commands.substr(at);
    if (rest.size() < kIdBytes) return false;
    const Hash128 id = Hash128FromBytes(rest.substr(0, kIdBytes));
    rest.remove_prefix(kIdBytes);
    if (!TakeCommand(&rest, &command)) return false;
    const size_t end = commands.size() - rest.size();
    if (!visit(id, command, at, end)) break;
    at = end;
  }
  return true;
}

}  // namespace

Hash128 CommandIdHash(std::string_view id) { return Xxh128(id); }

void Recent::AddDecision(uint64_t sequence) {
  AppendVarint(&decisions_, sequence - last_decision_);
  last_decision_ = sequence;
  ++decision_count_;
}

std::vector<uint64_t> Recent::decisions() const {
  std::vector<uint64_t> sequences;
  sequences.reserve(decision_count_);
  uint64_t sequence = 0;
  uint64_t step = 0;
  for (std::string_view rest = decisions_; TakeVarint(&rest, &step);) {
    sequences.push_back(sequence += step);
  }
  return sequences;
}

std::vector<uint64_t> Recent::TakeDecisions() {
  if (decision_count_ <= kRecentMax) return {};
  std::vector<uint64_t> taken = decisions();
  decisions_.clear();
  last_decision_ = 0;
  decision_count_ = 0;
  return taken;
}

std::optional<RememberedCommand> Recent::Find(Hash128 wanted) const {
  std::optional<RememberedCommand> found;
  ForEach(commands_, [&](Hash128 id, const RememberedCommand& command, size_t, size_t) {
    if (id == wanted) found = command;
    return !found;
  });
  return found;
}

void Recent::Remember(Hash128 wanted, const RememberedCommand& remembered) {
  CHECK(command_count_ <= kRecentMax);
  ForEach(commands_, [&](Hash128 id, const RememberedCommand&, size_t at, size_t end) {
    if (id != wanted) return true;
    commands_.erase(at, end - at);
    --command_count_;
    return false;
  });
  thread_local std::string packed;
  packed.clear();
  AppendHash(&packed, wanted);
  AppendCommand(remembered, &packed);
  if (commands_.capacity() < commands_.size() + packed.size()) {
    // With room for the next, and not for twice as many.
    std::string grown;
    grown.reserve(commands_.size() + 2 * packed.size());
    grown.append(commands_);
    commands_ = std::move(grown);
  }
  commands_.append(packed);
  ++command_count_;
}

Recent::Commands Recent::commands() const {
  Commands all;
  ForEach(commands_, [&](Hash128 id, const RememberedCommand& command, size_t, size_t) {
    all.emplace_back(id, command);
    return true;
  });
  return all;
}

Recent::Commands Recent::TakeCommands() {
  if (command_count_ <= kRecentMax) return {};
  Commands taken = commands();
  for (const auto& [id, command] : taken) taken_until_ = std::max(taken_until_, command.time);
  commands_.clear();
  command_count_ = 0;
  std::sort(taken.begin(), taken.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return taken;
}

void Recent::Encode(std::string* out) const {
  if (*this == Recent()) return;
  AppendVarint(out, decision_count_);
  out->append(decisions_);
  AppendVarint(out, static_cast<uint64_t>(taken_until_.us));
  out->append(commands_);
}

Result<Recent> Recent::Decode(std::string_view bytes) {
  const auto bad = Err(ErrorCode::kCorruption, "what lately happened to an entity cannot be read");
  Recent recent;
  if (bytes.empty()) return recent;
  uint64_t count = 0;
  if (!TakeVarint(&bytes, &count) || count > bytes.size()) return bad;
  const std::string_view decisions = bytes;
  for (; recent.decision_count_ < count; ++recent.decision_count_) {
    uint64_t step = 0;
    if (!TakeVarint(&bytes, &step)) return bad;
    recent.last_decision_ += step;
  }
  recent.decisions_ = decisions.substr(0, decisions.size() - bytes.size());
  uint64_t until = 0;
  if (!TakeVarint(&bytes, &until)) return bad;
  recent.taken_until_ = Time{static_cast<int64_t>(until)};
  const bool sound = ForEach(bytes, [&](Hash128, const RememberedCommand&, size_t, size_t) {
    ++recent.command_count_;
    return true;
  });
  if (!sound) return bad;
  recent.commands_ = bytes;
  return recent;
}

}  // namespace sluice::store
