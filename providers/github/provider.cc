#include "providers/github/provider.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "providers/common/node_calls.h"

namespace sluice::github {
namespace {

using Json = nlohmann::json;

constexpr Duration kBackoffFirst = Duration::Seconds(1);
constexpr Duration kBackoffLast = Duration::Minutes(1);
constexpr uint32_t kFailuresUntold = 5;  // Tries of ours before the engine hears of them.
constexpr uint32_t kRoundsAtOnce = 3;    // Looks without waiting while the engine goes on alike.

Duration Backoff(uint32_t failures) {
  return std::min(kBackoffLast, kBackoffFirst * (int64_t{1} << std::min(failures, 6U)));
}

std::vector<std::string> Strings(const Json& json, const Json::json_pointer& at) {
  std::vector<std::string> strings;
  if (!json.contains(at)) return strings;
  for (const Json& text : json.at(at)) strings.push_back(text.get<std::string>());
  return strings;
}

bool SameLabels(std::vector<std::string> a, std::vector<std::string> b) {
  const auto normal = [](std::vector<std::string>& labels) {
    for (std::string& label : labels) {
      std::transform(label.begin(), label.end(), label.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    }
    std::sort(labels.begin(), labels.end());
  };
  normal(a);
  normal(b);
  return a == b;
}

std::string ReasonOf(const Fault& fault) {
  switch (fault.status) {
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "NotMergeable";
    case 409:
      return "HeadMoved";
    default:
      return fault.kind == Fault::Kind::kTransient ? "Unavailable" : "Refused";
  }
}

}  // namespace

// What of the object at the node a step reads.
struct Provider::Object {
  EntityKey key;
  std::string uid;
  PullRequestId id;
  Wanted wanted;
  std::vector<std::string> labels;
  std::string head_sha;
};

namespace {

std::optional<Json> Parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("metadata") || !json.contains("spec")) {
    return std::nullopt;
  }
  return json;
}

}  // namespace

Provider::Provider(Api& node, Client& client, Lease& lease, std::string session,
                   std::function<Time()> now)
    : node_(node),
      client_(client),
      lease_(lease),
      session_(std::move(session)),
      now_(std::move(now)) {}

void Provider::OnActions(const std::vector<PendingWork>& pending) {
  std::map<std::string, Work> works;
  for (const PendingWork& one : pending) {
    const std::string entity = one.entity.ToString();
    const auto known = works_.find(entity);
    if (known != works_.end() && known->second.pending == one) {
      works.emplace(entity, std::move(known->second));
      continue;
    }
    Work work{.pending = one, .due = now_()};
    // A back-off outlives a change of what is asked: GitHub is no better for it.
    if (known != works_.end() && known->second.failures > 0) {
      work.failures = known->second.failures;
      work.due = known->second.due;
    }
    works.emplace(entity, std::move(work));
  }
  works_ = std::move(works);
}

Time Provider::NextDue() const {
  Time next;
  for (const auto& [entity, work] : works_) {
    if (!next.IsSet() || work.due < next) next = work.due;
  }
  return next.IsSet() ? std::max(next, client_.limited_until()) : next;
}

void Provider::Step() {
  if (now_() < client_.limited_until()) return;
  const bool any = std::any_of(works_.begin(), works_.end(),
                               [this](const auto& entry) { return entry.second.due <= now_(); });
  if (!any || lease_.Check() != Lease::State::kHeld) return;
  for (auto& [entity, work] : works_) {
    if (work.due <= now_() && now_() >= client_.limited_until()) Process(work);
  }
}

void Provider::Again(Work& work, Duration delay) { work.due = now_() + delay; }

void Provider::Process(Work& work) {
  const EntityKey& key = work.pending.entity;
  // Until the actions change there is nothing new to do; looked at again all the same.
  Again(work, Backoff(work.rounds < kRoundsAtOnce ? 0 : work.rounds));
  ++work.rounds;
  const auto text = GetObject(node_, key.kind, key.namespace_, key.name);
  if (!text || !*text) return;
  const std::optional<Json> json = Parsed(**text);
  if (!json) return;
  const Json rules = json->value("/spec/qualification"_json_pointer, Json::object());
  const Json patterns = rules.value("filePatterns", Json::object());
  const Object object{.key = key,
                      .uid = json->at("metadata").value("uid", ""),
                      .id = {json->at("spec").value("repository", ""),
                             json->at("spec").value("number", int64_t{0})},
                      .wanted = {.approvals = rules.value("minApprovals", 0) > 0,
                                 .checks = !rules.value("requiredChecks", Json::array()).empty(),
                                 .files = !patterns.empty()},
                      .labels = Strings(*json, "/status/labels"_json_pointer),
                      .head_sha = json->value("/status/headSha"_json_pointer, "")};
  const Action first = work.pending.actions.front();
  if (first.uid != object.uid) return;  // Another incarnation's: its own actions are on their way.
  if (first.verb == "FetchPullRequest") {
    Fetch(work, object, first);
  } else if (first.verb == "AddLabel" || first.verb == "RemoveLabel") {
    ChangeLabels(work, object);
  } else if (first.verb == "Merge") {
    MergeIt(work, object);
  } else {
    spdlog::error("{}: the GitHub provider knows no action {}", key.ToString(), first.verb);
  }
}

bool Provider::Wait(Work& work, const Fault& fault) {
  if (fault.kind == Fault::Kind::kRateLimited) {
    work.due = fault.until;
    return true;
  }
  if (fault.kind == Fault::Kind::kRefused) return false;
  spdlog::warn("{}: {}", work.pending.entity.ToString(), fault.message);
  Again(work, Backoff(work.failures));
  if (fault.until > work.due) work.due = fault.until;
  return ++work.failures < kFailuresUntold;
}

void Provider::Fetch(Work& work, const Object& object, const Action& action) {
  const Reply<Observation> seen = Observe(client_, object.id, object.wanted);
  if (seen) return TellObservation(work, object, *seen, true, action.attempt);
  if (Wait(work, seen.error())) return;
  const Json payload{{"reason", ReasonOf(seen.error())},
                     {"message", seen.error().message},
                     {"request", action.attempt}};
  Report(work, object, "ReportFetchFailed", payload.dump());
}

void Provider::TellObservation(Work& work, const Object& object, const Observation& seen,
                               bool complete, uint64_t request) {
  const PullRequestFacts& facts = seen.facts;
  Json payload{{"labels", facts.labels}, {"state", facts.state},   {"merged", facts.merged},
               {"sha", facts.sha},       {"at", facts.updated_at}, {"complete", complete}};
  if (facts.mergeable) payload["mergeable"] = *facts.mergeable;
  if (!facts.merge_sha.empty()) payload["mergeSha"] = facts.merge_sha;
  if (seen.approvals) payload["approvals"] = *seen.approvals;
  if (!seen.checks.empty()) payload["checks"] = seen.checks;
  if (!seen.files.empty()) payload["files"] = seen.files;
  if (seen.files_truncated) payload["filesTruncated"] = true;
  if (request != 0) payload["request"] = request;
  if (Report(work, object, "ObserveGitHub", payload.dump())) work.failures = 0;
}

// The labels that the actions were decided on are the object's; GitHub having moved meanwhile wins.
void Provider::ChangeLabels(Work& work, const Object& object) {
  const Reply<PullRequestFacts> facts = ReadPullRequest(client_, object.id);
  if (!facts) {
    if (Wait(work, facts.error())) return;
    const Action& first = work.pending.actions.front();
    const Json payload{{"action", first.verb},
                       {"label", first.target},
                       {"done", false},
                       {"message", facts.error().message}};
    Report(work, object, "ReportLabel", payload.dump());
    return;
  }
  if (!SameLabels(facts->labels, object.labels)) {
    TellObservation(work, object, {.facts = *facts}, false, 0);
    if (work.rounds <= kRoundsAtOnce) work.due = now_();
    return;
  }
  const std::vector<Action> actions = work.pending.actions;
  for (const Action& action : actions) {
    if (!ChangeLabel(work, object, action)) return;
  }
}

bool Provider::ChangeLabel(Work& work, const Object& object, const Action& action) {
  const bool adds = action.verb == "AddLabel";
  if (!adds && action.verb != "RemoveLabel") return false;
  const Reply<Time> at = adds ? AddLabel(client_, object.id, action.target)
                              : RemoveLabel(client_, object.id, action.target);
  Json payload{{"action", action.verb}, {"label", action.target}, {"done", at.has_value()}};
  if (at) {
    if (at->IsSet()) payload["at"] = FormatTime(*at);
    work.failures = 0;
  } else {
    if (Wait(work, at.error())) return false;
    payload["message"] = at.error().message;
  }
  return Report(work, object, "ReportLabel", payload.dump()) && at.has_value();
}

void Provider::MergeIt(Work& work, const Object& object) {
  const Reply<PullRequestFacts> facts = ReadPullRequest(client_, object.id);
  if (!facts) {
    if (!Wait(work, facts.error())) {
      const Json payload{{"sha", object.head_sha},
                         {"merged", false},
                         {"reason", ReasonOf(facts.error())},
                         {"message", facts.error().message}};
      Report(work, object, "ReportMerge", payload.dump());
    }
    return;
  }
  // Merged by an earlier try whose answer was lost, closed, or no longer what was decided on.
  if (facts->state != "open" || facts->sha != object.head_sha) {
    return TellObservation(work, object, {.facts = *facts}, false, 0);
  }
  const Reply<std::string> merged = Merge(client_, object.id, object.head_sha);
  Json payload{{"sha", object.head_sha}, {"merged", merged.has_value()}};
  if (merged) {
    payload["mergeSha"] = *merged;
    work.failures = 0;
  } else {
    if (Wait(work, merged.error())) return;
    // Refused because it is done: by a try of ours that was taken for lost, or by somebody else.
    const Reply<PullRequestFacts> again = ReadPullRequest(client_, object.id);
    if (again && again->merged) return TellObservation(work, object, {.facts = *again}, false, 0);
    payload["reason"] = ReasonOf(merged.error());
    payload["message"] = merged.error().message;
  }
  Report(work, object, "ReportMerge", payload.dump());
}

bool Provider::Report(Work& work, const Object& object, const std::string& command,
                      std::string payload) {
  Json body = Json::parse(payload);
  body["uid"] = object.uid;
  body["leaseTerm"] = lease_.term();
  const Json text{{"id", fmt::format("{}-{}", session_, ++last_command_)},
                  {"entity", object.key.ToString()},
                  {"command", command},
                  {"payload", std::move(body)},
                  {"actor", "provider/github"}};
  const Result<CommandOutcome> outcome = SendCommand(node_, text.dump());
  if (!outcome) {
    spdlog::warn("{} {}: {}", object.key.ToString(), command, outcome.error().message);
    Again(work, kBackoffFirst);
    return false;
  }
  if (!outcome->accepted) {
    spdlog::warn("{} {}: {}", object.key.ToString(), command, outcome->rejection);
  }
  return true;
}

}  // namespace sluice::github
