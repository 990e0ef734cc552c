#include "providers/region/control.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "providers/local/instance_files.h"
#include "providers/region/region_session.h"

namespace sluice::region {
namespace {

namespace fs = std::filesystem;

constexpr int kTriesMax = 100;
constexpr std::chrono::milliseconds kPoll{100};

fs::path RequestsOf(const fs::path& data_dir) { return data_dir / "region" / "requests"; }

std::string ReadLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Result<void> CreateStranger(SimulatedRegion& region, std::istringstream& words) {
  std::string location;
  ServerRequest request;
  words >> location >> request.flavor >> request.image;
  if (request.image.empty() || location.find('/') == std::string::npos) {
    return Err(ErrorCode::kInvalid, "create NAMESPACE/LOCATION FLAVOR IMAGE [KEY=VALUE...]");
  }
  for (std::string tag; words >> tag;) {
    const size_t equals = tag.find('=');
    if (equals == std::string::npos) {
      return Err(ErrorCode::kInvalid, "'{}' is no tag: KEY=VALUE", tag);
    }
    request.tags[tag.substr(0, equals)] = tag.substr(equals + 1);
  }
  const Result<std::string> made = region.Create(location, request, "", 0);
  if (!made) return tl::unexpected(made.error());
  return {};
}

Result<void> Befall(SimulatedRegion& region, const std::string& what, const std::string& server,
                    const std::string& word) {
  if (what == "vanish") {
    region.Vanish(server);
  } else if (what == "strip") {
    region.StripTag(server, word.empty() ? kInstanceTag : word);
  } else if (word.empty()) {
    return Err(ErrorCode::kInvalid, "{} {}: a word is missing", what, server);
  } else if (what == "tag") {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) return Err(ErrorCode::kInvalid, "tag SERVER KEY=VALUE");
    region.SetTag(server, word.substr(0, equals), word.substr(equals + 1));
  } else if (what == "power") {
    region.SetPower(server, word);
  } else if (what == "health") {
    region.SetHealth(server, word);
  } else {
    region.SetPhase(server, word);
  }
  return {};
}

}  // namespace

Result<void> CarryOutRequest(SimulatedRegion& region, const std::string& line) {
  std::istringstream words(line);
  std::string what;
  words >> what;
  if (what == "fail") {
    std::string rule;
    std::getline(words, rule);
    Result<FaultRule> parsed = ParseFaultRule(rule);
    if (!parsed) return tl::unexpected(parsed.error());
    region.faults().Add(*std::move(parsed));
    return {};
  }
  if (what == "heal") {
    region.faults().Clear();
    return {};
  }
  if (what == "create") return CreateStranger(region, words);
  const bool known = what == "vanish" || what == "strip" || what == "tag" || what == "power" ||
                     what == "health" || what == "phase";
  if (!known) {
    return Err(ErrorCode::kInvalid,
               "'{}' is none of fail, heal, create, vanish, strip, tag, power, health, phase",
               what);
  }
  std::string server;
  std::string word;
  words >> server >> word;
  if (!region.Find(server)) return Err(ErrorCode::kInvalid, "there is no server '{}'", server);
  return Befall(region, what, server, word);
}

Result<void> SendRequest(const fs::path& data_dir, const std::string& line) {
  const fs::path requests = RequestsOf(data_dir);
  if (!fs::is_directory(requests)) {
    return Err(ErrorCode::kUnavailable, "{}: no region ever ran on that data directory",
               requests.string());
  }
  std::random_device random;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  const fs::path path = requests / fmt::format("{:020}-{:08x}", now, random());
  if (auto written = local::WriteFileDurably(path, line + "\n"); !written) return written;
  const fs::path refused = path.string() + ".refused";
  for (int tries = 0; tries < kTriesMax; ++tries) {
    std::this_thread::sleep_for(kPoll);
    std::error_code error;
    if (fs::exists(path, error)) continue;
    if (!fs::exists(refused, error)) return {};
    const std::string why = ReadLine(refused);
    fs::remove(refused, error);
    return Err(ErrorCode::kInvalid, "{}", why);
  }
  std::error_code error;
  fs::remove(path, error);
  return Err(ErrorCode::kUnavailable, "no region takes requests at {}: is it running?",
             data_dir.string());
}

void TakeRequests(SimulatedRegion& region, const fs::path& data_dir) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(RequestsOf(data_dir), error)) {
    const std::string name = entry.path().filename().string();
    if (name.find('.') == std::string::npos) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    const std::string line = ReadLine(path);
    const Result<void> done = CarryOutRequest(region, line);
    if (!done) {
      spdlog::warn("region: {}: {}", line, done.error().message);
      (void)local::WriteFileDurably(path.string() + ".refused", done.error().message + "\n");
    } else {
      spdlog::info("region: {}", line);
    }
    fs::remove(path, error);
  }
}

}  // namespace sluice::region
