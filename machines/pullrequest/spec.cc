// What a pull request's spec may say, and what it shows: index, detail, columns.
#include <algorithm>
#include <cctype>
#include <set>

#include "events/sha256.h"
#include "machines/common/names.h"
#include "machines/pullrequest/pullrequest.h"
#include "machines/pullrequest/qualification.h"
#include "machines/pullrequest/workflow.h"

namespace sluice {
namespace {

constexpr size_t kClustersMax = 100;

// OWNER and REPOSITORY, or nothing.
std::optional<std::pair<std::string, std::string>> SplitRepository(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == 0 || slash == text.npos || slash + 1 == text.size()) return std::nullopt;
  const auto usable = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  const std::string_view owner = text.substr(0, slash);
  const std::string_view name = text.substr(slash + 1);
  if (!std::all_of(owner.begin(), owner.end(), usable) ||
      !std::all_of(name.begin(), name.end(), usable) || name == "." || name == "..") {
    return std::nullopt;
  }
  return std::pair(std::string(owner), std::string(name));
}

}  // namespace

std::string PullRequestName(std::string_view repository, int64_t number) {
  const auto parts = SplitRepository(repository);
  if (!parts) return "";
  const std::string text = std::to_string(number);
  const std::string plain =
      SanitizeLabel(parts->first) + "--" + SanitizeLabel(parts->second) + "--" + text;
  if (!DnsLabelFault(plain)) return plain;
  const std::string joined = parts->first + "/" + parts->second + "/" + text;
  const std::string start = plain.front() == '-' ? "x" + plain : plain;
  return start.substr(0, 54) + "-" + Sha256Hex(joined).substr(0, 8);
}

std::string PullRequestIndexValue(std::string_view repository, int64_t number) {
  std::string value = fmt::format("{}#{}", repository, number);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value;
}

DecideResult Decide(const PullRequest& request, const PullRequestApply& command,
                    const DecideContext& context) {
  const std::string name = PullRequestName(command.spec.repository, command.spec.number);
  if (!request.Exists() && !name.empty() && command.spec.number > 0 && context.self.name != name) {
    FieldErrors errors;
    errors.Add("metadata.name", fmt::format("is '{}'; {}#{} is tracked as '{}'", context.self.name,
                                            command.spec.repository, command.spec.number, name));
    PullRequestMachine::Validate(command.spec, errors);
    return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  }
  return DecideUpsert<PullRequestMachine>(request, command, context, std::nullopt);
}

void PullRequestMachine::Validate(const PullRequestSpec& spec, FieldErrors& errors) {
  if (!SplitRepository(spec.repository)) {
    errors.Add("spec.repository",
               fmt::format("is '{}'; it should be OWNER/REPOSITORY", spec.repository));
  }
  if (spec.number <= 0) errors.Add("spec.number", "is required, and above 0");
  pullrequest::ValidateQualification(spec.qualification, errors);
  if (spec.clusters.size() > kClustersMax) {
    errors.Add("spec.clusters", fmt::format("has {} entries; at most {} are watched",
                                            spec.clusters.size(), kClustersMax));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < spec.clusters.size(); ++i) {
    const std::string at = fmt::format("spec.clusters[{}]", i);
    if (const auto fault = DnsLabelFault(spec.clusters[i])) errors.Add(at, *fault);
    if (!seen.insert(spec.clusters[i]).second) {
      errors.Add(at, "names '" + spec.clusters[i] + "' again");
    }
  }
}

void PullRequestMachine::CheckImmutable(const PullRequestSpec& before, const PullRequestSpec& after,
                                        FieldErrors& errors) {
  if (before.repository != after.repository) {
    errors.Add("spec.repository", "cannot change from " + before.repository);
  }
  if (before.number != after.number) {
    errors.Add("spec.number", fmt::format("cannot change from {}", before.number));
  }
}

AnyTable PullRequestMachine::Detail(const State& state) {
  return AnyTable::Of(PullRequestDetail{.head_sha = state.status.head_sha,
                                        .merge_sha = state.status.merge_sha,
                                        .drift_monitors = state.status.drift_monitors});
}

// One that another tracks hears of no webhook.
std::vector<IndexEntry> PullRequestMachine::Indexes(const State& state) {
  if (pullrequest::IsTrackedElsewhere(state)) return {};
  return {{.index = std::string(kPullRequestIndex),
           .value = PullRequestIndexValue(state.spec.repository, state.spec.number)}};
}

std::vector<Column> PullRequestMachine::Columns() {
  return {{.name = "PHASE", .path = "status.phase"},
          {.name = "REPOSITORY", .path = "spec.repository"},
          {.name = "NUMBER", .path = "spec.number"},
          {.name = "QUALIFIED", .path = "status.conditions[type=Qualified].status"},
          {.name = "SYNCED", .path = "status.conditions[type=Synced].reason"},
          {.name = "HEAD", .path = "status.headSha", .wide = true},
          {.name = "RULES", .path = "status.conditions[type=Qualified].message", .wide = true}};
}

const KindInfo& PullRequestKind() {
  static const KindInfo kind = DefineKind<PullRequestMachine>();
  return kind;
}

}  // namespace sluice
