#include "providers/drift/cluster_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "providers/drift/git.h"

namespace sluice::drift {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytesMax = 4 << 20;
constexpr size_t kFilesMax = 10'000;
constexpr size_t kTextShown = 200;

bool IsManifest(const std::string& path) {
  return path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json");
}

Result<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Err(ErrorCode::kInvalid, "{}: cannot be read", path.string());
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.size() > kFileBytesMax) {
    return Err(ErrorCode::kInvalid, "{}: is larger than 4 MiB", path.string());
  }
  return text;
}

Result<std::string> ReadLine(const fs::path& path) {
  Result<std::string> text = ReadFile(path);
  if (!text) return text;
  std::string line = text->substr(0, text->find('\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.empty()) return Err(ErrorCode::kInvalid, "{}: is empty", path.string());
  return line;
}

// Regular files below `root`, by their path from there; none where it does not exist.
Result<Files> ReadTree(const fs::path& root) {
  Files files;
  std::error_code error;
  if (!fs::exists(root, error)) return files;
  for (fs::recursive_directory_iterator entry(root, error), end; entry != end;
       entry.increment(error)) {
    if (error) break;
    const std::string name = entry->path().filename().string();
    if (name == ".git" || name.starts_with(".#") || name.ends_with("~")) {
      if (entry->is_directory(error)) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file(error)) continue;
    if (files.size() == kFilesMax) {
      return Err(ErrorCode::kInvalid, "{}: holds more than 10,000 files", root.string());
    }
    Result<std::string> text = ReadFile(entry->path());
    if (!text) return tl::unexpected(text.error());
    files[fs::relative(entry->path(), root, error).generic_string()] = *std::move(text);
  }
  if (error) return Err(ErrorCode::kInvalid, "{}: {}", root.string(), error.message());
  return files;
}

// A file as a whole, where there are no fields to tell.
std::string Shown(const std::string& text) {
  if (text.size() <= kTextShown) return text.empty() ? "(empty)" : text;
  return text.substr(0, kTextShown) + fmt::format("... ({} bytes)", text.size());
}

void CompareFields(const std::string& file, const std::map<std::string, std::string>& want,
                   const std::map<std::string, std::string>& got, std::vector<Difference>& into) {
  std::set<std::string> paths;
  for (const auto& [path, value] : want) paths.insert(path);
  for (const auto& [path, value] : got) paths.insert(path);
  for (const std::string& path : paths) {
    const auto wanted = want.find(path);
    const auto there = got.find(path);
    const std::string want_text = wanted == want.end() ? "" : wanted->second;
    const std::string got_text = there == got.end() ? "" : there->second;
    if (want_text != got_text) into.push_back({file + " " + path, want_text, got_text});
  }
}

void CompareFile(const std::string& path, const std::string& want, const std::string& got,
                 std::vector<Difference>& into) {
  if (want == got) return;
  if (IsManifest(path)) {
    const auto want_fields = Fields(want);
    const auto got_fields = Fields(got);
    if (want_fields && got_fields) return CompareFields(path, *want_fields, *got_fields, into);
  }
  Difference difference{path, Shown(want), Shown(got)};
  if (difference.want == difference.got) difference.got += " (differs further on)";
  into.push_back(std::move(difference));
}

Result<ClusterState> ReadCheckout(const fs::path& root, const std::string& wanted) {
  ClusterState state;
  Result<std::string> head = GitHead(root);
  if (!head) return tl::unexpected(head.error());
  const bool contains = !wanted.empty() && GitContains(root, *head, wanted);
  state.revision = contains ? wanted : *head;
  Result<GitChanges> changes = GitWorkingTreeChanges(root);
  if (!changes) return tl::unexpected(changes.error());
  for (const auto& [path, want] : *changes) {
    const fs::path file = root / path;
    std::error_code error;
    if (!fs::is_regular_file(file, error)) {
      state.differences.push_back({path, want ? Shown(*want) : "", ""});
      continue;
    }
    Result<std::string> got = ReadFile(file);
    if (!got) return tl::unexpected(got.error());
    if (want) {
      CompareFile(path, *want, *got, state.differences);
    } else {
      state.differences.push_back({path, "", Shown(*got)});
    }
  }
  return state;
}

}  // namespace

std::vector<Difference> Compare(const Files& want, const Files& got) {
  std::vector<Difference> differences;
  std::set<std::string> paths;
  for (const auto& [path, text] : want) paths.insert(path);
  for (const auto& [path, text] : got) paths.insert(path);
  for (const std::string& path : paths) {
    const auto wanted = want.find(path);
    const auto there = got.find(path);
    if (wanted == want.end()) {
      differences.push_back({path, "", Shown(there->second)});
    } else if (there == got.end()) {
      differences.push_back({path, Shown(wanted->second), ""});
    } else {
      CompareFile(path, wanted->second, there->second, differences);
    }
  }
  return differences;
}

Result<ClusterState> ReadCluster(const fs::path& directory, const std::string& cluster,
                                 const std::string& wanted) {
  const fs::path root = directory / cluster;
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return Err(ErrorCode::kNotFound, "{}: there is no such directory", root.string());
  }
  Result<ClusterState> state = ClusterState{};
  if (fs::exists(root / ".git", error)) {
    state = ReadCheckout(root, wanted);
  } else {
    Result<std::string> revision = ReadLine(root / "revision");
    if (!revision) return tl::unexpected(revision.error());
    const Result<Files> want = ReadTree(root / "manifests");
    if (!want) return tl::unexpected(want.error());
    const Result<Files> got = ReadTree(root / "live");
    if (!got) return tl::unexpected(got.error());
    state->revision = *std::move(revision);
    state->differences = Compare(*want, *got);
  }
  if (state && fs::exists(root / "health", error) && !fs::exists(root / ".git", error)) {
    Result<std::string> health = ReadLine(root / "health");
    if (!health) return tl::unexpected(health.error());
    state->health = *std::move(health);
  }
  return state;
}

}  // namespace sluice::drift
