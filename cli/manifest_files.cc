#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>

#include "cli/manifests.h"
#include "cli/yaml.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kStandardInput = "standard input";

void AddObject(std::string where, json object, ManifestSet* set) {
  const bool is_list = object.is_object() && object.contains("items") &&
                       object["items"].is_array() && object.value("kind", json()).is_string() &&
                       object["kind"].get<std::string>().ends_with("List");
  if (!is_list) {
    set->manifests.push_back({std::move(where), std::move(object)});
    return;
  }
  int number = 0;
  for (json& item : object["items"]) {
    set->manifests.push_back({fmt::format("{}, item {}", where, ++number), std::move(item)});
  }
}

int LineAt(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  return static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
}

// The reason in nlohmann's message, without its bookkeeping.
std::string JsonReason(const json::parse_error& error) {
  const std::string what = error.what();
  const size_t reason = what.find(": ");
  return reason == std::string::npos ? what : what.substr(reason + 2);
}

void ReadJson(const std::string& name, std::string_view text, ManifestSet* set) {
  try {
    AddObject(name, json::parse(text), set);
  } catch (const json::parse_error& error) {
    set->failures.push_back(
        {Exit::kBadInput, fmt::format("{}, line {}: not JSON: {}", name, LineAt(text, error.byte),
                                      JsonReason(error))});
  }
}

void ReadText(const std::string& name, std::string_view text, bool is_json, ManifestSet* set) {
  if (is_json) return ReadJson(name, text, set);
  // Nearly all JSON is YAML, but not its escapes of characters beyond the basic plane.
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{' && json::accept(text)) {
    return ReadJson(name, text, set);
  }
  YamlStream stream = ReadYaml(text);
  for (YamlDocument& document : stream.documents) {
    AddObject(fmt::format("{}, line {}, document {}", name, document.line, document.number),
              std::move(document.value), set);
  }
  for (const YamlError& error : stream.errors) {
    set->failures.push_back(
        {Exit::kBadInput, fmt::format("{}, line {}, document {}: {}", name, error.line,
                                      error.document, error.message)});
  }
}

void ReadFile(const fs::path& path, ManifestSet* set) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    set->failures.push_back({Exit::kBadInput, fmt::format("{}: cannot be read", path.string())});
    return;
  }
  ReadText(path.string(), text, path.extension() == ".json", set);
}

// As kubectl: the folder itself, not what is below it.
void ReadFolder(const fs::path& folder, ManifestSet* set) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path extension = it->path().extension();
    if (extension != ".yaml" && extension != ".yml" && extension != ".json") continue;
    std::error_code ignored;
    if (it->is_regular_file(ignored)) files.push_back(it->path());
  }
  if (error) {
    set->failures.push_back(
        {Exit::kBadInput, fmt::format("{}: {}", folder.string(), error.message())});
  }
  if (files.empty() && !error) {
    set->failures.push_back(
        {Exit::kBadInput, fmt::format("{}: no .yaml, .yml or .json file in it", folder.string())});
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) ReadFile(file, set);
}

}  // namespace

ManifestSet ReadManifests(Session& session, const std::string& path) {
  ManifestSet set;
  std::error_code error;
  if (path == "-") {
    const std::string text{std::istreambuf_iterator<char>(session.env().in), {}};
    ReadText(std::string(kStandardInput), text, false, &set);
  } else if (!fs::exists(path, error)) {
    set.failures.push_back({Exit::kBadInput, fmt::format("{}: no such file or folder", path)});
  } else if (fs::is_directory(path, error)) {
    ReadFolder(path, &set);
  } else {
    ReadFile(path, &set);
  }
  if (set.manifests.empty() && set.failures.empty()) {
    set.failures.push_back({Exit::kBadInput, fmt::format("{}: there is no object in it", path)});
  }
  return set;
}

}  // namespace sluice::cli
