#include "machines/pullrequest/qualification.h"

#include <algorithm>
#include <set>

#include "machines/pullrequest/path_pattern.h"
#include "machines/pullrequest/state_labels.h"

namespace sluice::pullrequest {
namespace {

using Verdict = Judgement::Verdict;

constexpr size_t kTargetsMax = 100;

struct Rule {
  Verdict verdict = Verdict::kPass;
  std::string message;
};

// One per requirement that the spec has; the strategy says how they go together.
std::vector<Rule> Requirements(const PullRequest& request) {
  const Qualification& rules = request.spec.qualification;
  const PullRequestStatus& status = request.status;
  std::vector<Rule> found;
  if (rules.min_approvals > 0) {
    if (!status.approvals) {
      found.push_back({Verdict::kUnknown, "approvals are not known"});
    } else {
      const bool enough = *status.approvals >= rules.min_approvals;
      found.push_back({enough ? Verdict::kPass : Verdict::kFail,
                       fmt::format("{} of {} approvals", *status.approvals, rules.min_approvals)});
    }
  }
  for (const std::string& check : rules.required_checks) {
    if (!request.own.checks_known) {
      found.push_back({Verdict::kUnknown, "check " + check + " is not known"});
      continue;
    }
    const auto result = status.checks.find(check);
    const std::string conclusion = result == status.checks.end() ? "absent" : result->second;
    const bool passed =
        conclusion == "success" || conclusion == "neutral" || conclusion == "skipped";
    found.push_back({passed ? Verdict::kPass : Verdict::kFail,
                     fmt::format("check {} is {}", check, conclusion)});
  }
  if (!rules.file_patterns.allow.empty()) {
    const FilesVerdict& files = request.own.files;
    if (!files.known) {
      found.push_back({Verdict::kUnknown, "changed files are not known"});
    } else if (files.truncated) {
      found.push_back({Verdict::kFail, "too many changed files to tell whether all are allowed"});
    } else if (!files.not_allowed.empty()) {
      found.push_back({Verdict::kFail, "changes " + files.not_allowed + ", which is not allowed"});
    } else {
      found.push_back({});
    }
  }
  for (const std::string& label : rules.required_labels) {
    const bool there = HasLabel(status.labels, label);
    found.push_back({there ? Verdict::kPass : Verdict::kFail, "label " + label + " is missing"});
  }
  return found;
}

// What forbids holds whatever else passes: absence of a forbidden label is no merit.
std::vector<Rule> Vetoes(const PullRequest& request) {
  const Qualification& rules = request.spec.qualification;
  std::vector<Rule> found;
  for (const std::string& label : rules.forbidden_labels) {
    if (HasLabel(request.status.labels, label)) {
      found.push_back({Verdict::kFail, "label " + label + " forbids it"});
    }
  }
  if (!rules.file_patterns.deny.empty()) {
    const FilesVerdict& files = request.own.files;
    if (!files.known) {
      found.push_back({Verdict::kUnknown, "changed files are not known"});
    } else if (!files.denied.empty()) {
      found.push_back({Verdict::kFail, "changes " + files.denied + ", which is denied"});
    } else if (files.truncated) {
      found.push_back({Verdict::kFail, "too many changed files to tell whether none is denied"});
    }
  }
  // What is merged could be merged.
  if (rules.require_mergeable && !request.status.merged && request.status.mergeable == false) {
    found.push_back({Verdict::kFail, "GitHub cannot merge it as it is"});
  }
  return found;
}

void AddMessages(const std::vector<Rule>& rules, Verdict verdict, std::vector<std::string>* to) {
  for (const Rule& rule : rules) {
    const bool there = std::find(to->begin(), to->end(), rule.message) != to->end();
    if (rule.verdict == verdict && !there) to->push_back(rule.message);
  }
}

bool Any(const std::vector<Rule>& rules, Verdict verdict) {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const Rule& rule) { return rule.verdict == verdict; });
}

// Of the requirements together, under the strategy.
Verdict Combine(const std::vector<Rule>& rules, QualificationStrategy strategy) {
  if (rules.empty()) return Verdict::kPass;
  const bool all = strategy == QualificationStrategy::kAll;
  if (all && Any(rules, Verdict::kFail)) return Verdict::kFail;
  if (!all && Any(rules, Verdict::kPass)) return Verdict::kPass;
  if (Any(rules, Verdict::kUnknown)) return Verdict::kUnknown;
  return all ? Verdict::kPass : Verdict::kFail;
}

std::string JoinMessages(const std::vector<std::string>& messages) {
  return fmt::format("{}", fmt::join(messages, "; "));
}

}  // namespace

Judgement Judge(const PullRequest& request) {
  const Qualification& rules = request.spec.qualification;
  const std::vector<Rule> vetoes = Vetoes(request);
  const std::vector<Rule> requirements = Requirements(request);
  const Verdict combined = Combine(requirements, rules.strategy);
  std::vector<std::string> messages;
  if (Any(vetoes, Verdict::kFail) || combined == Verdict::kFail) {
    AddMessages(vetoes, Verdict::kFail, &messages);
    if (combined == Verdict::kFail) AddMessages(requirements, Verdict::kFail, &messages);
    return {Verdict::kFail, JoinMessages(messages), false};
  }
  AddMessages(vetoes, Verdict::kUnknown, &messages);
  if (combined == Verdict::kUnknown) AddMessages(requirements, Verdict::kUnknown, &messages);
  const bool only_mergeable = messages.empty();
  const bool has_ended = request.status.merged || request.status.closed;
  if (rules.require_mergeable && !has_ended && !request.status.mergeable) {
    messages.push_back("GitHub does not know yet whether it can be merged");
  }
  if (messages.empty()) return {};
  return {Verdict::kUnknown, JoinMessages(messages), only_mergeable};
}

FilesVerdict JudgeFiles(const std::vector<std::string>& files, bool truncated,
                        const FilePatterns& patterns) {
  FilesVerdict verdict{
      .known = true, .truncated = truncated, .count = static_cast<int32_t>(files.size())};
  const auto matches_any = [](const std::vector<std::string>& globs, const std::string& file) {
    return std::any_of(globs.begin(), globs.end(),
                       [&](const std::string& glob) { return MatchPath(glob, file).has_value(); });
  };
  for (const std::string& file : files) {
    if (verdict.not_allowed.empty() && !patterns.allow.empty() &&
        !matches_any(patterns.allow, file)) {
      verdict.not_allowed = file;
    }
    if (verdict.denied.empty() && matches_any(patterns.deny, file)) verdict.denied = file;
  }
  return verdict;
}

std::vector<DeliveryTarget> TargetsOf(const std::vector<std::string>& files,
                                      const FilePatterns& patterns) {
  std::set<PathCaptures> seen;
  std::vector<DeliveryTarget> targets;
  for (const std::string& file : files) {
    for (const std::string& glob : patterns.allow) {
      const auto captures = MatchPath(glob, file);
      if (!captures || captures->empty() || !seen.insert(*captures).second) continue;
      if (targets.size() == kTargetsMax) return targets;
      const auto part = [&](const char* name) {
        const auto found = captures->find(name);
        return found == captures->end() ? std::string() : found->second;
      };
      targets.push_back({part("component"), part("environment"), part("cluster")});
    }
  }
  return targets;
}

void ValidateQualification(const Qualification& rules, FieldErrors& errors) {
  const std::string at = "spec.qualification.";
  if (rules.min_approvals < 0) errors.Add(at + "minApprovals", "is negative");
  const auto each = [&](const std::vector<std::string>& values, const std::string& path,
                        const auto& fault_of) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (const std::optional<std::string> fault = fault_of(values[i])) {
        errors.Add(fmt::format("{}{}[{}]", at, path, i), *fault);
      }
    }
  };
  const auto not_empty = [](const std::string& value) -> std::optional<std::string> {
    if (value.empty()) return "is empty";
    return std::nullopt;
  };
  each(rules.file_patterns.allow, "filePatterns.allow",
       [](const std::string& value) { return PathPatternFault(value); });
  each(rules.file_patterns.deny, "filePatterns.deny",
       [](const std::string& value) { return PathPatternFault(value); });
  each(rules.required_checks, "requiredChecks", not_empty);
  each(rules.required_labels, "requiredLabels", not_empty);
  each(rules.forbidden_labels, "forbiddenLabels",
       [&](const std::string& value) -> std::optional<std::string> {
         if (value.empty()) return "is empty";
         if (HasLabel(rules.required_labels, value)) return "is required, too: nothing could pass";
         return std::nullopt;
       });
}

}  // namespace sluice::pullrequest
