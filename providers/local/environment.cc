#include "providers/local/environment.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "providers/local/host_process.h"

namespace sluice::local {
namespace {

constexpr const char* kInherited[] = {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"};

Result<std::string> Resolve(const EnvVar& variable) {
  switch (variable.source) {
    case EnvVar::Source::kValue:
      return variable.value;
    case EnvVar::Source::kEnv: {
      const char* value = std::getenv(variable.value.c_str());
      if (value == nullptr) {
        return Err(ErrorCode::kInvalid, "env {}: the provider has no variable {}", variable.name,
                   variable.value);
      }
      return std::string(value);
    }
    case EnvVar::Source::kFile: {
      std::ifstream in(variable.value, std::ios::binary);
      std::ostringstream text;
      if (!in || !(text << in.rdbuf())) {
        return Err(ErrorCode::kInvalid, "env {}: cannot read {}: {}", variable.name, variable.value,
                   strerror(errno));
      }
      std::string value = std::move(text).str();
      if (value.ends_with('\n')) value.pop_back();
      return value;
    }
  }
  Unreachable();
}

}  // namespace

Result<std::vector<std::string>> BuildEnvironment(const InstanceId& id, const ProcessSpec& spec) {
  std::map<std::string, std::string> variables;
  for (const char* name : kInherited) {
    if (const char* value = std::getenv(name)) variables[name] = value;
  }
  variables["SLUICE_ADDRESS"] = spec.address;
  variables["SLUICE_NAMESPACE"] = id.namespace_;
  variables["SLUICE_INSTANCE"] = id.name;
  for (const EnvVar& variable : spec.env) {
    if (variable.name.empty() ||
        variable.name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      return Err(ErrorCode::kInvalid, "env {}: not a variable's name", variable.name);
    }
    Result<std::string> value = Resolve(variable);
    if (!value) return tl::unexpected(value.error());
    if (value->find('\0') != std::string::npos) {
      return Err(ErrorCode::kInvalid, "env {}: the value holds a zero byte", variable.name);
    }
    variables[variable.name] = std::move(*value);
  }
  variables[kMarker] = spec.uid + "/" + std::to_string(spec.generation);

  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace sluice::local
