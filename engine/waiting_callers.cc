#include "engine/waiting_callers.h"

#include <vector>

namespace sluice {

uint64_t WaitingCallers::Add(CallerCallback done) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(next_ticket_, std::move(done));
  return next_ticket_++;
}

void WaitingCallers::Answer(uint64_t ticket, Result<CallerAnswer> answer) {
  CallerCallback done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    done = std::move(found->second);
    waiting_.erase(found);
    if (answer && !answer->final) {
      deferred_.emplace(std::pair(answer->result.entity, answer->result.id), done);
    }
  }
  done(std::move(answer));
}

void WaitingCallers::AnswerDeferred(const std::string& entity, const std::string& id,
                                    const CommandResult& result) {
  std::vector<CallerCallback> ready;
  {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = deferred_.equal_range({entity, id});
    for (auto at = begin; at != end; ++at) ready.push_back(std::move(at->second));
    deferred_.erase(begin, end);
  }
  for (CallerCallback& done : ready) done(CallerAnswer{.result = result, .final = true});
}

void WaitingCallers::FailAll(const Error& error) {
  std::vector<CallerCallback> callers;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [ticket, done] : waiting_) callers.push_back(std::move(done));
    for (auto& [key, done] : deferred_) callers.push_back(std::move(done));
    waiting_.clear();
    deferred_.clear();
  }
  for (CallerCallback& done : callers) done(tl::unexpected<Error>(error));
}

}  // namespace sluice
