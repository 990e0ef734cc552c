#include "providers/local/reporter.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "providers/local/retry_delay.h"

namespace sluice::local {
namespace {

constexpr Micros kQuarantinedAgain{5'000'000};

}  // namespace

Reporter::Reporter(NodeClient& node, Scheduler& scheduler) : node_(node), again_(scheduler) {}

void Reporter::Send(const std::string& entity, const std::string& command, std::string text,
                    Answered answered) {
  Queue& queue = queues_[entity];
  if (queue.number == 0) queue.number = ++last_number_;
  const auto waiting = queue.commands.begin() + (queue.in_flight ? 1 : 0);
  const auto older = std::find_if(waiting, queue.commands.end(),
                                  [&](const Command& other) { return other.type == command; });
  if (older != queue.commands.end()) {
    answered = [first = std::move(older->answered),
                second = std::move(answered)](const CommandAnswer& answer) {
      if (first) first(answer);
      if (second) second(answer);
    };
    queue.commands.erase(older);
  }
  queue.commands.push_back({command, std::move(text), std::move(answered)});
  if (!queue.in_flight && queue.commands.size() == 1 && failures_ == 0) SendFirst(entity);
}

void Reporter::SendFirst(const std::string& entity) {
  Queue& queue = queues_.at(entity);
  queue.in_flight = true;
  node_.Send(queue.commands.front().text,
             [this, alive = alive_, entity, number = queue.number](Result<CommandAnswer> answer) {
               if (*alive) Handle(entity, number, answer);
             });
}

void Reporter::TryAgainIn(Micros delay) {
  if (again_.armed()) return;
  again_.Arm(delay, [this] {
    std::vector<std::string> idle;
    for (const auto& [entity, queue] : queues_) {
      if (!queue.in_flight) idle.push_back(entity);
    }
    for (const std::string& entity : idle) SendFirst(entity);
  });
}

void Reporter::Handle(const std::string& entity, uint64_t number,
                      const Result<CommandAnswer>& answer) {
  const auto found = queues_.find(entity);
  if (found == queues_.end() || found->second.number != number) return;
  Queue& queue = found->second;
  queue.in_flight = false;
  if (!answer) {
    if (failures_ == 0) spdlog::warn("report: {}", answer.error().message);
    TryAgainIn(RetryDelay(failures_));
    ++failures_;
    return;
  }
  if (answer->rejection_code == "Quarantined") {
    TryAgainIn(kQuarantinedAgain);
    std::vector<Answered> waiting;  // What stands behind gets the same answer, for now.
    for (Command& command : queue.commands) {
      waiting.push_back(std::exchange(command.answered, nullptr));
    }
    for (const Answered& answered : waiting) {
      if (answered) answered(*answer);
    }
    return;
  }
  failures_ = 0;
  const Command done = std::move(queue.commands.front());
  queue.commands.pop_front();
  if (!answer->accepted) {
    spdlog::warn("{} {}: {}: {}", entity, done.type, answer->rejection_code,
                 answer->rejection_message);
  }
  if (queue.commands.empty()) {
    queues_.erase(found);
  } else {
    SendFirst(entity);
  }
  if (done.answered) done.answered(*answer);
}

}  // namespace sluice::local
