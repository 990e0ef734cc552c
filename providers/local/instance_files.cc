#include "providers/local/instance_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace sluice::local {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

Json ToJson(const ProcessSpec& spec) {
  Json env = Json::array();
  for (const EnvVar& variable : spec.env) {
    env.push_back({{"name", variable.name},
                   {"source", static_cast<int>(variable.source)},
                   {"value", variable.value}});
  }
  Json json{{"uid", spec.uid},
            {"generation", spec.generation},
            {"location", spec.location},
            {"command", spec.command},
            {"env", std::move(env)},
            {"address", spec.address},
            {"restartsMax", spec.restarts_max},
            {"terminationGraceUs", spec.termination_grace.count()}};
  if (spec.readiness) {
    const ReadinessSpec& probe = *spec.readiness;
    json["readiness"] = {{"kind", static_cast<int>(probe.kind)},
                         {"path", probe.path},
                         {"port", probe.port},
                         {"command", probe.command},
                         {"periodUs", probe.period.count()},
                         {"timeoutUs", probe.timeout.count()},
                         {"failureThreshold", probe.failure_threshold}};
  }
  return json;
}

ProcessSpec SpecFromJson(const Json& json) {
  ProcessSpec spec;
  json.at("uid").get_to(spec.uid);
  json.at("generation").get_to(spec.generation);
  spec.location = json.value("location", "");
  json.at("command").get_to(spec.command);
  for (const Json& variable : json.at("env")) {
    spec.env.push_back({variable.at("name"),
                        static_cast<EnvVar::Source>(variable.at("source").get<int>()),
                        variable.at("value")});
  }
  json.at("address").get_to(spec.address);
  json.at("restartsMax").get_to(spec.restarts_max);
  spec.termination_grace = Micros(json.at("terminationGraceUs").get<int64_t>());
  if (const auto found = json.find("readiness"); found != json.end()) {
    ReadinessSpec probe;
    probe.kind = static_cast<ReadinessSpec::Kind>(found->at("kind").get<int>());
    found->at("path").get_to(probe.path);
    found->at("port").get_to(probe.port);
    found->at("command").get_to(probe.command);
    probe.period = Micros(found->at("periodUs").get<int64_t>());
    probe.timeout = Micros(found->at("timeoutUs").get<int64_t>());
    found->at("failureThreshold").get_to(probe.failure_threshold);
    spec.readiness = std::move(probe);
  }
  return spec;
}

Json ToJson(const ExitStatus& status) {
  Json json = Json::object();
  if (status.code) json["exitCode"] = *status.code;
  if (status.signal) json["signal"] = *status.signal;
  if (!status.error.empty()) json["error"] = status.error;
  return json;
}

ExitStatus ExitFromJson(const Json& json) {
  ExitStatus status;
  if (json.contains("exitCode")) status.code = json["exitCode"].get<int>();
  if (json.contains("signal")) status.signal = json["signal"].get<int>();
  status.error = json.value("error", "");
  if (json.contains("startErrno")) {
    status.error = std::string("cannot start: ") + strerror(json["startErrno"].get<int>());
  }
  return status;
}

std::optional<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Error IoError(const fs::path& path, const char* what) {
  return Error{ErrorCode::kIo, std::string(what) + " " + path.string() + ": " + strerror(errno)};
}

Result<void> SyncDirectory(const fs::path& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(IoError(dir, "cannot open"));
  const bool synced = fsync(fd) == 0;
  close(fd);
  if (!synced) return tl::unexpected(IoError(dir, "cannot sync"));
  return {};
}

}  // namespace

fs::path InstanceDirectory(const fs::path& data, const InstanceId& id) {
  return data / "local" / id.namespace_ / id.name;
}

Result<void> WriteFileDurably(const fs::path& path, const std::string& text) {
  const fs::path temporary = path.string() + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return tl::unexpected(IoError(temporary, "cannot create"));
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<size_t>(written);
  }
  if (done < text.size() || fsync(fd) != 0) {
    const Error error = IoError(temporary, "cannot write");
    close(fd);
    return tl::unexpected(error);
  }
  close(fd);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return tl::unexpected(IoError(path, "cannot replace"));
  }
  return SyncDirectory(path.parent_path());
}

Result<void> WriteIntent(const fs::path& dir, const Intent& intent) {
  Json json{{"spec", ToJson(intent.spec)},
            {"wanted", static_cast<int>(intent.wanted)},
            {"token", intent.token},
            {"run", intent.run},
            {"runGeneration", intent.run_generation},
            {"runUid", intent.run_uid},
            {"runToken", intent.run_token},
            {"runHandled", intent.run_handled},
            {"runTold", intent.run_told},
            {"restarts", intent.restarts},
            {"outcome", static_cast<int>(intent.outcome)}};
  if (intent.last_exit) json["lastExit"] = ToJson(*intent.last_exit);
  return WriteFileDurably(dir / "intent.json", json.dump() + "\n");
}

Result<std::optional<Intent>> ReadIntent(const fs::path& dir) {
  const std::optional<std::string> text = ReadFile(dir / "intent.json");
  if (!text) return std::optional<Intent>();
  try {
    const Json json = Json::parse(*text);
    Intent intent;
    intent.spec = SpecFromJson(json.at("spec"));
    intent.wanted = static_cast<Wanted>(json.at("wanted").get<int>());
    json.at("token").get_to(intent.token);
    json.at("run").get_to(intent.run);
    json.at("runGeneration").get_to(intent.run_generation);
    json.at("runUid").get_to(intent.run_uid);
    json.at("runToken").get_to(intent.run_token);
    json.at("runHandled").get_to(intent.run_handled);
    json.at("runTold").get_to(intent.run_told);
    json.at("restarts").get_to(intent.restarts);
    intent.outcome = static_cast<Outcome>(json.at("outcome").get<int>());
    if (json.contains("lastExit")) intent.last_exit = ExitFromJson(json["lastExit"]);
    return std::optional<Intent>(std::move(intent));
  } catch (const Json::exception& error) {
    return Err(ErrorCode::kCorruption, "{}: {}", (dir / "intent.json").string(), error.what());
  }
}

std::optional<RunRecord> ReadRun(const fs::path& dir) {
  const std::optional<std::string> text = ReadFile(dir / "run.json");
  if (!text) return std::nullopt;
  try {
    const Json json = Json::parse(*text);
    return RunRecord{json.at("run"),       json.at("bootId"), json.at("shimPid"),
                     json.at("shimStart"), json.at("pid"),    json.at("start")};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::optional<ExitRecord> ReadExit(const fs::path& dir) {
  const std::optional<std::string> text = ReadFile(dir / "exit.json");
  if (!text) return std::nullopt;
  try {
    const Json json = Json::parse(*text);
    return ExitRecord{json.at("run"), ExitFromJson(json)};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace sluice::local
