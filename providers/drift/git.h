#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "events/result.h"

// The few things asked of a checkout, by the `git` program. kInvalid says what it answered.
namespace sluice::drift {

Result<std::string> GitHead(const std::filesystem::path& checkout);

// Whether `commit` is `head` or one of its ancestors. False for a commit it does not know.
bool GitContains(const std::filesystem::path& checkout, const std::string& head,
                 const std::string& commit);

// Paths whose working tree is not what HEAD has -> HEAD's content, or nothing where HEAD has none.
using GitChanges = std::map<std::string, std::optional<std::string>>;
Result<GitChanges> GitWorkingTreeChanges(const std::filesystem::path& checkout);

}  // namespace sluice::drift
