#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "providers/github/client.h"

// Pull requests in GitHub's REST API. Calls throw nothing; a body that is not what the API
// documents is a kRefused fault.
namespace sluice::github {

struct PullRequestId {
  std::string repository;  // OWNER/REPOSITORY
  int64_t number = 0;
};

// GET /repos/../pulls/N, as far as anybody here reads it.
struct PullRequestFacts {
  std::vector<std::string> labels;
  std::string state;  // "open", "closed"
  bool merged = false;
  std::optional<bool> mergeable;
  std::string sha;
  std::string merge_sha;  // Only once it is merged.
  std::string updated_at;
  int64_t changed_files = 0;
};

// What of a pull request is read besides: only what its rules need.
struct Wanted {
  bool approvals = false;
  bool checks = false;
  bool files = false;
};

struct Observation {
  PullRequestFacts facts;
  std::optional<int> approvals{};
  std::map<std::string, std::string> checks{};
  std::vector<std::string> files{};
  bool files_truncated = false;
};

Reply<PullRequestFacts> ReadPullRequest(Client& client, const PullRequestId& id);
Reply<Observation> Observe(Client& client, const PullRequestId& id, const Wanted& wanted);

// When GitHub made the change, by its own clock; unset if it does not say.
Reply<Time> AddLabel(Client& client, const PullRequestId& id, const std::string& label);
// A label that is not there is removed already.
Reply<Time> RemoveLabel(Client& client, const PullRequestId& id, const std::string& label);

// The sha of the merge. Merges `sha` and nothing newer.
Reply<std::string> Merge(Client& client, const PullRequestId& id, const std::string& sha);

}  // namespace sluice::github
