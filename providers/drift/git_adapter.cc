#include <boost/process.hpp>
#include <iterator>
#include <vector>

#include "providers/drift/git.h"

namespace sluice::drift {
namespace {

namespace process = boost::process;

struct Output {
  int exit_code = 0;
  std::string text;
};

// Changes nothing of the checkout: no index is refreshed, no hook or pager runs.
Result<Output> Git(const std::filesystem::path& checkout, std::vector<std::string> arguments) {
  const boost::filesystem::path git = process::search_path("git");
  if (git.empty()) return Err(ErrorCode::kInvalid, "git is not installed");
  arguments.insert(arguments.begin(), {"--no-optional-locks", "-C", checkout.string()});
  try {
    process::ipstream out;
    process::child child(git, process::args(arguments), process::std_out > out,
                         process::std_err > process::null, process::std_in < process::null);
    std::string text(std::istreambuf_iterator<char>(out), {});
    child.wait();
    return Output{child.exit_code(), std::move(text)};
  } catch (const process::process_error& error) {
    return Err(ErrorCode::kInvalid, "git: {}", error.what());
  }
}

Result<std::string> GitText(const std::filesystem::path& checkout,
                            std::vector<std::string> arguments) {
  const std::string verb = arguments.front();
  Result<Output> output = Git(checkout, std::move(arguments));
  if (!output) return tl::unexpected(output.error());
  if (output->exit_code != 0) {
    return Err(ErrorCode::kInvalid, "{}: git {} ended with {}", checkout.string(), verb,
               output->exit_code);
  }
  return std::move(output->text);
}

}  // namespace

Result<std::string> GitHead(const std::filesystem::path& checkout) {
  Result<std::string> text = GitText(checkout, {"rev-parse", "--verify", "HEAD"});
  if (text && !text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

bool GitContains(const std::filesystem::path& checkout, const std::string& head,
                 const std::string& commit) {
  if (commit.starts_with('-')) return false;
  const Result<Output> output = Git(checkout, {"merge-base", "--is-ancestor", commit, head});
  return output && output->exit_code == 0;
}

Result<GitChanges> GitWorkingTreeChanges(const std::filesystem::path& checkout) {
  Result<std::string> status = GitText(
      checkout, {"status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"});
  if (!status) return tl::unexpected(status.error());
  GitChanges changes;
  // Entries of "XY PATH", each ended by a zero byte.
  for (size_t at = 0; at < status->size();) {
    const size_t end = std::min(status->find('\0', at), status->size());
    const std::string entry = status->substr(at, end - at);
    at = end + 1;
    if (entry.size() < 4) continue;
    const std::string path = entry.substr(3);
    const Result<Output> wanted = Git(checkout, {"show", "HEAD:" + path});
    if (!wanted) return tl::unexpected(wanted.error());
    changes[path] = wanted->exit_code == 0 ? std::optional(wanted->text) : std::nullopt;
  }
  return changes;
}

}  // namespace sluice::drift
