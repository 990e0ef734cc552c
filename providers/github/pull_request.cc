#include "providers/github/pull_request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "service/client/url.h"

namespace sluice::github {
namespace {

using Json = nlohmann::json;

constexpr size_t kPagesMax = 50;
constexpr size_t kFilePagesMax = 30;  // GitHub lists no more than 3,000.
// A command may have 256 KiB; what else is in it is small.
constexpr size_t kFileBytesMax = 160 * 1024;

std::string RepositoryPath(const PullRequestId& id) { return "/repos/" + id.repository; }
std::string PullPath(const PullRequestId& id) {
  return fmt::format("{}/pulls/{}", RepositoryPath(id), id.number);
}
std::string LabelsPath(const PullRequestId& id) {
  return fmt::format("{}/issues/{}/labels", RepositoryPath(id), id.number);
}

tl::unexpected<Fault> NotAsDocumented(const std::string& what) {
  return tl::unexpected(
      Fault{.kind = Fault::Kind::kRefused, .message = what + " is not as the API documents it"});
}

std::string Text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<PullRequestFacts> ParseFacts(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  PullRequestFacts facts;
  for (const Json& label : json.value("labels", Json::array())) {
    if (label.is_object()) facts.labels.push_back(Text(label, "name"));
  }
  facts.state = Text(json, "state");
  facts.merged = json.contains("merged") && json["merged"].is_boolean() && json["merged"];
  if (json.contains("mergeable") && json["mergeable"].is_boolean()) {
    facts.mergeable = json["mergeable"].get<bool>();
  }
  if (json.contains("head") && json["head"].is_object()) facts.sha = Text(json["head"], "sha");
  // Before the merge it names a trial merge.
  if (facts.merged) facts.merge_sha = Text(json, "merge_commit_sha");
  facts.updated_at = Text(json, "updated_at");
  if (json.contains("changed_files") && json["changed_files"].is_number_integer()) {
    facts.changed_files = json["changed_files"].get<int64_t>();
  }
  if (facts.state.empty() || facts.sha.empty() || facts.updated_at.empty()) return std::nullopt;
  return facts;
}

// Calls `visit` for each element of all pages; `member` names the list where a page is an object.
Reply<bool> EachElement(Client& client, const std::string& path, const char* member,
                        size_t pages_max, const std::function<void(const Json&)>& visit) {
  bool more = false;
  const auto pages = client.GetPages(path, pages_max, &more);
  if (!pages) return tl::unexpected(pages.error());
  for (const std::string& body : *pages) {
    const Json page = Json::parse(body, nullptr, false);
    const Json* list = &page;
    if (member != nullptr) {
      if (!page.is_object() || !page.contains(member)) return NotAsDocumented(path);
      list = &page[member];
    }
    if (!list->is_array()) return NotAsDocumented(path);
    for (const Json& element : *list) {
      if (element.is_object()) visit(element);
    }
  }
  return more;
}

// People whose latest word is an approval. Comments change nothing of what somebody said before.
Reply<int> ReadApprovals(Client& client, const PullRequestId& id) {
  std::map<std::string, std::string> latest;
  const auto read = EachElement(
      client, PullPath(id) + "/reviews?per_page=100", nullptr, kPagesMax, [&](const Json& review) {
        const std::string state = Text(review, "state");
        if (state != "APPROVED" && state != "CHANGES_REQUESTED" && state != "DISMISSED") return;
        if (review.contains("user") && review["user"].is_object()) {
          latest[Text(review["user"], "login")] = state;
        }
      });
  if (!read) return tl::unexpected(read.error());
  int approvals = 0;
  for (const auto& [user, state] : latest) approvals += state == "APPROVED" ? 1 : 0;
  return approvals;
}

// Check runs and, beside them, the older commit statuses. Of several runs of a name the latest
// counts, which GitHub lists first.
Reply<std::map<std::string, std::string>> ReadChecks(Client& client, const PullRequestId& id,
                                                     const std::string& sha) {
  std::map<std::string, std::string> checks;
  const std::string commit = RepositoryPath(id) + "/commits/" + sha;
  const auto runs =
      EachElement(client, commit + "/check-runs?per_page=100&filter=latest", "check_runs",
                  kPagesMax, [&](const Json& run) {
                    const std::string conclusion = Text(run, "conclusion");
                    checks.emplace(Text(run, "name"), conclusion.empty() ? "pending" : conclusion);
                  });
  if (!runs) return tl::unexpected(runs.error());
  const auto statuses = EachElement(
      client, commit + "/status?per_page=100", "statuses", kPagesMax,
      [&](const Json& status) { checks.emplace(Text(status, "context"), Text(status, "state")); });
  if (!statuses) return tl::unexpected(statuses.error());
  return checks;
}

Reply<bool> ReadFiles(Client& client, const PullRequestId& id, Observation& into) {
  size_t bytes = 0;
  const auto add = [&](const std::string& path) {
    bytes += path.size() + 4;
    if (bytes > kFileBytesMax) {
      into.files_truncated = true;
    } else if (!path.empty()) {
      into.files.push_back(path);
    }
  };
  const auto read = EachElement(client, PullPath(id) + "/files?per_page=100", nullptr,
                                kFilePagesMax, [&](const Json& file) {
                                  add(Text(file, "filename"));
                                  // What is moved away is changed, too.
                                  add(Text(file, "previous_filename"));
                                });
  if (!read) return tl::unexpected(read.error());
  const bool fewer = static_cast<int64_t>(into.files.size()) < into.facts.changed_files;
  into.files_truncated = into.files_truncated || *read || fewer;
  return true;
}

Time DateOf(const HttpReply& reply) { return ParseHttpDate(reply.Header("date")); }

}  // namespace

Reply<PullRequestFacts> ReadPullRequest(Client& client, const PullRequestId& id) {
  const Reply<HttpReply> reply = client.Get(PullPath(id));
  if (!reply) return tl::unexpected(reply.error());
  std::optional<PullRequestFacts> facts = ParseFacts(reply->body);
  if (!facts) return NotAsDocumented(PullPath(id));
  return *std::move(facts);
}

Reply<Observation> Observe(Client& client, const PullRequestId& id, const Wanted& wanted) {
  Observation seen;
  Reply<PullRequestFacts> facts = ReadPullRequest(client, id);
  if (!facts) return tl::unexpected(facts.error());
  seen.facts = *std::move(facts);
  if (wanted.approvals) {
    const Reply<int> approvals = ReadApprovals(client, id);
    if (!approvals) return tl::unexpected(approvals.error());
    seen.approvals = *approvals;
  }
  if (wanted.checks) {
    auto checks = ReadChecks(client, id, seen.facts.sha);
    if (!checks) return tl::unexpected(checks.error());
    seen.checks = *std::move(checks);
  }
  if (wanted.files) {
    const Reply<bool> files = ReadFiles(client, id, seen);
    if (!files) return tl::unexpected(files.error());
  }
  return seen;
}

Reply<Time> AddLabel(Client& client, const PullRequestId& id, const std::string& label) {
  const Json body{{"labels", Json::array({label})}};
  const Reply<HttpReply> reply = client.Send("POST", LabelsPath(id), body.dump());
  if (!reply) return tl::unexpected(reply.error());
  return DateOf(*reply);
}

Reply<Time> RemoveLabel(Client& client, const PullRequestId& id, const std::string& label) {
  const Reply<HttpReply> reply =
      client.Send("DELETE", LabelsPath(id) + "/" + PercentEncode(label), "");
  if (reply) return DateOf(*reply);
  if (reply.error().status == 404) return Time{};
  return tl::unexpected(reply.error());
}

Reply<std::string> Merge(Client& client, const PullRequestId& id, const std::string& sha) {
  const Json body{{"sha", sha}};
  const Reply<HttpReply> reply = client.Send("PUT", PullPath(id) + "/merge", body.dump());
  if (!reply) return tl::unexpected(reply.error());
  const Json json = Json::parse(reply->body, nullptr, false);
  if (!json.is_object() || !json.value("merged", false)) return NotAsDocumented(PullPath(id));
  return Text(json, "sha");
}

}  // namespace sluice::github
