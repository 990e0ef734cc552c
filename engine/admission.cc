#include "engine/admission.h"

namespace sluice {
namespace {

// Of any command, whatever its size: its decision, its rows, its hash.
constexpr uint64_t kCostOfAny = 1024;

size_t BytesOf(const Admitted& command) {
  return sizeof(Admitted) + command.record.payload.size() + command.record.key.size();
}

uint64_t CostOf(const Admitted& command) { return kCostOfAny + command.record.payload.size(); }

}  // namespace

std::optional<Admitted> Admission::Offer(std::string_view sender, Admitted command) {
  const size_t bytes = BytesOf(command);
  auto found = senders_.find(sender);
  const size_t own = found == senders_.end() ? 0 : found->second.commands.size();
  const size_t own_bytes = found == senders_.end() ? 0 : found->second.bytes;
  const bool fits = own < limits_.waiting_commands_max - waiting_ &&
                    own_bytes + bytes <= limits_.waiting_bytes_max - waiting_bytes_;
  if (!fits) {
    ++refused_;
    return command;
  }
  if (found == senders_.end()) {
    found = senders_.emplace(std::string(sender), Sender{}).first;
    AddTurn(found->first, command);
  }
  found->second.commands.push_back(std::move(command));
  found->second.bytes += bytes;
  ++waiting_;
  waiting_bytes_ += bytes;
  return std::nullopt;
}

void Admission::AddTurn(std::string_view sender, const Admitted& first) {
  turns_.insert({.done = now_ + CostOf(first), .number = next_turn_++, .sender = sender});
}

std::optional<Admitted> Admission::Next() {
  const bool room = handed_in_.empty() || (handed_in_.size() < limits_.window_commands &&
                                           handed_in_bytes_ < limits_.window_bytes);
  if (turns_.empty() || !room) return std::nullopt;
  const Turn turn = *turns_.begin();
  turns_.erase(turns_.begin());
  const auto found = senders_.find(turn.sender);
  Sender& sender = found->second;
  Admitted command = std::move(sender.commands.front());
  sender.commands.pop_front();
  const size_t bytes = BytesOf(command);
  sender.bytes -= bytes;
  waiting_bytes_ -= bytes;
  --waiting_;
  now_ = turn.done;
  if (sender.commands.empty()) {
    senders_.erase(found);
  } else {
    AddTurn(found->first, sender.commands.front());
  }
  handed_in_.emplace(command.record.ticket, bytes);
  handed_in_bytes_ += bytes;
  return command;
}

void Admission::Answered(uint64_t ticket) {
  const auto found = handed_in_.find(ticket);
  if (found == handed_in_.end()) return;
  handed_in_bytes_ -= found->second;
  handed_in_.erase(found);
}

size_t Admission::waiting_of(std::string_view sender) const {
  const auto found = senders_.find(sender);
  return found == senders_.end() ? 0 : found->second.commands.size();
}

}  // namespace sluice
