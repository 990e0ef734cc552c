#include "providers/local/node_objects.h"

#include <nlohmann/json.hpp>

#include "events/basic_types.h"

namespace sluice::local {
namespace {

using Json = nlohmann::json;

constexpr char kNoInterfaceAddress[] = "127.0.0.1";

// Numbers beyond 2^53 come as strings (design §4).
uint64_t NumberAt(const Json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end()) return 0;
  return found->is_string() ? std::stoull(found->get<std::string>()) : found->get<uint64_t>();
}

const Json& ObjectAt(const Json& json, const char* field) {
  static const Json kEmpty = Json::object();
  const auto found = json.find(field);
  return found == json.end() ? kEmpty : *found;
}

template <class Parse>
auto Guarded(const char* what, const std::string& text, Parse parse)
    -> Result<decltype(parse(Json()))> {
  try {
    return parse(Json::parse(text));
  } catch (const std::exception& error) {
    return Err(ErrorCode::kInvalid, "{}: {}", what, error.what());
  }
}

Micros DurationAt(const Json& json, const char* field, Micros otherwise) {
  if (!json.contains(field)) return otherwise;
  const auto duration = ParseDuration(json.at(field).get<std::string>());
  if (!duration) throw std::invalid_argument(std::string(field) + ": " + duration.error());
  return Micros(duration->us);
}

ReadinessSpec ParseReadiness(const Json& json) {
  ReadinessSpec probe;
  if (json.contains("http")) {
    probe.kind = ReadinessSpec::Kind::kHttp;
    probe.path = json.at("http").value("path", "/");
    probe.port = json.at("http").at("port").get<uint16_t>();
  } else if (json.contains("tcp")) {
    probe.kind = ReadinessSpec::Kind::kTcp;
    probe.port = json.at("tcp").at("port").get<uint16_t>();
  } else {
    const Json& exec = json.at("exec");
    probe.kind = ReadinessSpec::Kind::kExec;
    (exec.is_array() ? exec : exec.at("command")).get_to(probe.command);
    if (probe.command.empty()) throw std::invalid_argument("readiness.exec: no command");
  }
  probe.period = DurationAt(json, "period", probe.period);
  probe.timeout = DurationAt(json, "timeout", probe.timeout);
  probe.failure_threshold = json.value("failureThreshold", probe.failure_threshold);
  return probe;
}

EnvVar ParseEnvVar(const Json& json) {
  EnvVar variable;
  json.at("name").get_to(variable.name);
  const Json& from = ObjectAt(json, "valueFrom");
  if (from.contains("file")) {
    variable.source = EnvVar::Source::kFile;
    from.at("file").get_to(variable.value);
  } else if (from.contains("env")) {
    variable.source = EnvVar::Source::kEnv;
    from.at("env").get_to(variable.value);
  } else {
    variable.value = json.value("value", "");
  }
  return variable;
}

// The address of the first interface that has one.
std::string ParseAddress(const Json& instance) {
  const Json& status = ObjectAt(instance, "status");
  for (const Json& interface : status.value("networkInterfaces", Json::array())) {
    const Json& assignments = ObjectAt(interface, "assignments");
    for (const auto& [holder, field] :
         {std::pair(&assignments, "networkIP"), std::pair(&assignments, "networkIp"),
          std::pair(&interface, "address")}) {
      const std::string address = holder->value(field, "");
      if (!address.empty()) return address.substr(0, address.find('/'));
    }
  }
  return {};
}

ProcessSpec ProcessOf(const Json& instance) {
  const Json& metadata = instance.at("metadata");
  const Json& spec = instance.at("spec");
  const Json& runtime = ObjectAt(spec, "runtime");
  if (!runtime.contains("process")) {
    throw std::invalid_argument("spec.runtime: this provider runs `process` only");
  }
  const Json& process = runtime.at("process");
  ProcessSpec result;
  metadata.at("uid").get_to(result.uid);
  result.generation = NumberAt(metadata, "generation");
  result.location =
      metadata.value("namespace", "default") + "/" + ObjectAt(spec, "location").value("name", "");
  process.at("command").get_to(result.command);
  if (result.command.empty()) throw std::invalid_argument("spec.runtime.process.command: is empty");
  for (const Json& variable : process.value("env", Json::array())) {
    result.env.push_back(ParseEnvVar(variable));
  }
  result.address = ParseAddress(instance);
  if (result.address.empty() && !spec.value("networkInterfaces", Json::array()).empty()) {
    throw std::invalid_argument("status.networkInterfaces: no address was assigned");
  }
  if (result.address.empty()) result.address = kNoInterfaceAddress;
  if (process.contains("readiness")) result.readiness = ParseReadiness(process.at("readiness"));
  result.restarts_max =
      ObjectAt(process, "restartPolicy").value("maxRestarts", result.restarts_max);
  result.termination_grace = DurationAt(process, "terminationGrace", result.termination_grace);
  return result;
}

}  // namespace

Result<Action> ParseAction(const std::string& text) {
  return Guarded("action", text, [](const Json& json) {
    Action action;
    const std::string entity = json.at("entity");
    const size_t first = entity.find('/');
    const size_t second = entity.find('/', first + 1);
    if (second == std::string::npos) throw std::invalid_argument("entity: " + entity);
    action.kind = entity.substr(0, first);
    action.id = {entity.substr(first + 1, second - first - 1), entity.substr(second + 1)};
    json.at("verb").get_to(action.verb);
    action.uid = json.value("uid", "");
    action.generation = NumberAt(json, "generation");
    action.attempt = NumberAt(json, "attempt");
    return action;
  });
}

Result<LocationObject> ParseLocation(const std::string& text) {
  return Guarded("location", text, [](const Json& json) {
    const Json& metadata = json.at("metadata");
    const Json& lease = ObjectAt(ObjectAt(json, "status"), "lease");
    LocationObject location;
    location.name =
        metadata.at("namespace").get<std::string>() + "/" + metadata.at("name").get<std::string>();
    location.provider = ObjectAt(json, "spec").value("provider", "");
    location.holder = lease.value("holder", "");
    location.term = NumberAt(lease, "term");
    return location;
  });
}

Result<ObjectIdentity> ParseIdentity(const std::string& text) {
  return Guarded("object", text, [](const Json& json) {
    const Json& metadata = json.at("metadata");
    return ObjectIdentity{metadata.value("uid", ""), NumberAt(metadata, "generation"),
                          ObjectAt(json, "status").value("phase", "")};
  });
}

Result<ProcessSpec> ParseInstance(const std::string& text) {
  return Guarded("instance", text, [](const Json& json) { return ProcessOf(json); });
}

}  // namespace sluice::local
