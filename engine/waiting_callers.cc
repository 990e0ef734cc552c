#include "engine/waiting_callers.h"

namespace sluice {

void AddReply(CommandResult& result, const CommandResult& reply) {
  result.reply = reply.reply;
  if (!reply.rejection) return;
  result.accepted = false;
  result.rejection = reply.rejection;
}

uint64_t WaitingCallers::Add(uint32_t partition, CallerCallback done) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(next_ticket_, Waiting{partition, std::move(done), {}});
  return next_ticket_++;
}

void WaitingCallers::Answer(uint64_t ticket, Result<CallerAnswer> answer) {
  CallerCallback done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    const uint32_t partition = found->second.partition;
    done = std::move(found->second.done);
    waiting_.erase(found);
    if (answer && !answer->final) {
      deferred_.emplace(std::pair(answer->result.entity, answer->result.id),
                        Waiting{partition, done, answer->result});
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
  }
  for (Waiting& caller : callers) caller.done(tl::unexpected<Error>(error));
}

}  // namespace sluice
