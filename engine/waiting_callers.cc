#include "engine/waiting_callers.h"

namespace sluice {

void AddReply(CommandResult& result, const CommandResult& reply) {
  result.reply = reply.reply;
  if (!reply.rejection) return;
  result.accepted = false;
  result.rejection = reply.rejection;
}

uint64_t WaitingCallers::NextTicket() {
  const std::lock_guard lock(mutex_);
  return next_ticket_++;
}

void WaitingCallers::Add(uint64_t ticket, uint32_t partition, CallerCallback done,
                         bool has_offset) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(ticket, Waiting{partition, std::move(done), {}, has_offset});
  if (has_offset) ++origins_[partition].unknown;
}

std::optional<uint32_t> WaitingCallers::Appended(uint64_t ticket, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end() || found->second.offset) return std::nullopt;
  found->second.offset = offset;
  Origins& origins = origins_[found->second.partition];
  --origins.unknown;
  origins.tickets.emplace(offset, ticket);
  if (!origins.seen.contains(offset)) return std::nullopt;
  return found->second.partition;
}

std::optional<uint64_t> WaitingCallers::Renew(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  auto caller = waiting_.extract(ticket);
  if (caller.empty()) return std::nullopt;
  caller.key() = next_ticket_++;
  const uint64_t renewed = caller.key();
  waiting_.insert(std::move(caller));
  return renewed;
}

// What is kept of a caller by origin goes with it.
void WaitingCallers::Forget(uint64_t ticket, const Waiting& caller) {
  if (!caller.has_offset) return;
  Origins& origins = origins_[caller.partition];
  if (!caller.offset) {
    --origins.unknown;
  } else if (const auto at = origins.tickets.find(*caller.offset);
             at != origins.tickets.end() && at->second == ticket) {
    origins.tickets.erase(at);
  }
}

bool WaitingCallers::Awaits(const LogRecord& record) const {
  if (!record.decision || !record.decision->command) return false;
  const std::lock_guard lock(mutex_);
  if (!deferred_.empty() && record.decision->command->payload.As<Answered>()) return true;
  const auto& origin = record.decision->origin;
  if (!origin || origin->input != Input::kCommands) return false;
  const auto found = origins_.find(record.partition);
  return found != origins_.end() &&
         (found->second.unknown > 0 || found->second.tickets.contains(origin->offset));
}

WaitingCallers::Found WaitingCallers::Find(
    uint32_t partition, const std::vector<std::shared_ptr<const LogRecord>>& records) {
  const std::lock_guard lock(mutex_);
  Found found;
  Origins& origins = origins_[partition];
  for (const auto& record : records) {
    const auto& origin = record->decision->origin;
    if (origin->input == Input::kCommands) origins.seen.emplace(origin->offset, record);
  }
  for (auto at = origins.seen.begin(); at != origins.seen.end();) {
    const auto ticket = origins.tickets.find(at->first);
    if (ticket == origins.tickets.end()) {
      ++at;
      continue;
    }
    found.emplace_back(ticket->second, at->second);
    at = origins.seen.erase(at);
  }
  if (origins.unknown == 0) origins.seen.clear();
  return found;
}

void WaitingCallers::Answer(uint64_t ticket, Result<CallerAnswer> answer) {
  CallerCallback done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    const uint32_t partition = found->second.partition;
    done = std::move(found->second.done);
    Forget(ticket, found->second);
    waiting_.erase(found);
    if (answer && !answer->final) {
      deferred_.emplace(std::pair(answer->result.entity, answer->result.id),
                        Waiting{.partition = partition, .done = done, .result = answer->result});
    }
  }
  done(std::move(answer));
}

void WaitingCallers::AnswerDeferred(const std::string& entity, const std::string& id,
                                    const CommandResult& reply) {
  std::vector<Waiting> ready;
  {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = deferred_.equal_range({entity, id});
    for (auto at = begin; at != end; ++at) ready.push_back(std::move(at->second));
    deferred_.erase(begin, end);
  }
  for (Waiting& caller : ready) {
    AddReply(caller.result, reply);
    caller.done(CallerAnswer{.result = std::move(caller.result), .final = true});
  }
}

template <class Map, class Which>
void WaitingCallers::Move(Map& from, const Which& which, std::vector<Waiting>& into) {
  for (auto at = from.begin(); at != from.end();) {
    if (!which(at->second)) {
      ++at;
      continue;
    }
    into.push_back(std::move(at->second));
    at = from.erase(at);
  }
}

void WaitingCallers::FailPartition(uint32_t partition, const Error& error) {
  const auto waits_for_it = [&](const Waiting& caller) { return caller.partition == partition; };
  std::vector<Waiting> callers;
  {
    const std::lock_guard lock(mutex_);
    Move(waiting_, waits_for_it, callers);
    Move(deferred_, waits_for_it, callers);
    origins_.erase(partition);
  }
  for (Waiting& caller : callers) caller.done(tl::unexpected<Error>(error));
}

void WaitingCallers::FailAll(const Error& error) {
  std::vector<Waiting> callers;
  {
    const std::lock_guard lock(mutex_);
    Move(
        waiting_, [](const Waiting&) { return true; }, callers);
    Move(
        deferred_, [](const Waiting&) { return true; }, callers);
    origins_.clear();
  }
  for (Waiting& caller : callers) caller.done(tl::unexpected<Error>(error));
}

}  // namespace sluice
