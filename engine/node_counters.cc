// What a node counts for /metrics.
#include <algorithm>

#include "engine/node.h"

namespace sluice {
namespace {

const std::vector<double> kCommitBoundsSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                  0.05,   0.1,   0.2,   0.5,   1};

}  // namespace

NodeCounters EmptyNodeCounters() {
  NodeCounters counters;
  counters.commit_bounds_seconds = kCommitBoundsSeconds;
  counters.commit_counts.resize(kCommitBoundsSeconds.size() + 1);
  return counters;
}

void Node::OnApplied(const AppliedBatch& batch) {
  std::vector<const Decision*> answered;
  std::map<std::pair<Verdict, std::string_view>, uint64_t> decided;
  std::vector<const Decision*> refused;
  for (const AppliedRecord& applied : batch.records) {
    const auto& decision = applied.record->decision;
    if (!decision || !decision->command) continue;
    const std::string_view entity = decision->command->entity;
    ++decided[{decision->verdict, entity.substr(0, entity.find('/'))}];
    const bool nothing =
        decision->verdict == Verdict::kIgnored || decision->verdict == Verdict::kRejected;
    if (nothing && !decision->command->source) refused.push_back(&*decision);
    if (decision->command->payload.As<Answered>()) answered.push_back(&*decision);
  }
  {
    const std::lock_guard lock(counters_mutex_);
    for (const auto& [what, count] : decided) {
      counters_.decisions[{std::string(ToString(what.first)), std::string(what.second)}] += count;
    }
    for (const Decision* decision : refused) {
      const std::string& entity = decision->command->entity;
      const Type* type = decision->command->payload.type();
      ++counters_
            .refused[{std::string(ToString(decision->verdict)), entity.substr(0, entity.find('/')),
                      std::string(type ? type->wire_name : "")}];
    }
    for (const AppliedRecord& applied : batch.records) {
      const auto& decision = applied.record->decision;
      if (decision && decision->command) counters_.conditions.Count(*decision);
    }
  }
  for (const Decision* decision : answered) {
    const auto* reply = decision->command->payload.As<Answered>();
    if (reply->result) {
      callers_.AnswerDeferred(decision->command->entity, reply->id, *reply->result);
    }
  }
}

void Node::OnCommitted(size_t records, Duration latency) {
  const double seconds = static_cast<double>(latency.us) / 1e6;
  const auto bucket =
      std::lower_bound(kCommitBoundsSeconds.begin(), kCommitBoundsSeconds.end(), seconds) -
      kCommitBoundsSeconds.begin();
  const std::lock_guard lock(counters_mutex_);
  counters_.commit_counts[static_cast<size_t>(bucket)] += records > 0 ? 1 : 0;
  counters_.commit_seconds_sum += seconds;
}

NodeCounters Node::Counters() const {
  NodeCounters counters;
  {
    const std::lock_guard lock(counters_mutex_);
    counters = counters_;
  }
  for (const auto& gate : gates_) {
    counters.commands_waiting += gate->Waiting();
    counters.commands_held_off += gate->Refused();
  }
  return counters;
}

}  // namespace sluice
