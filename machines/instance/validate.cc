// Every fault of an instance's manifest, each with its field path.
#include <set>

#include "machines/common/names.h"
#include "machines/instance/instance.h"
#include "machines/instance/server_rules.h"

namespace sluice {
namespace {

template <class... Args>
std::string At(fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format(format, std::forward<Args>(args)...);
}

void CheckPort(int32_t port, const std::string& path, FieldErrors& errors) {
  if (port < 1 || port > 65535) errors.Add(path, At("is {}, not a port of 1 to 65535", port));
}

void CheckNotNegative(const std::optional<Duration>& duration, const std::string& path,
                      FieldErrors& errors) {
  if (duration && *duration < Duration{}) errors.Add(path, "is negative");
}

void CheckPositive(const std::optional<Duration>& duration, const std::string& path,
                   FieldErrors& errors) {
  if (duration && *duration <= Duration{}) errors.Add(path, "must be above 0");
}

void CheckLabel(const std::string& name, const std::string& path, FieldErrors& errors) {
  if (const auto fault = DnsLabelFault(name)) errors.Add(path, *fault);
}

// Tells names that stand twice.
class Unique {
 public:
  void Add(const std::string& name, const std::string& path, FieldErrors& errors) {
    if (!name.empty() && !seen_.insert(name).second) errors.Add(path, name + " is there twice");
  }
  bool Has(const std::string& name) const { return seen_.contains(name); }

 private:
  std::set<std::string> seen_;
};

// --- process
// --------------------------------------------------------------------------------------

void CheckEnv(const std::vector<EnvVariable>& env, FieldErrors& errors) {
  Unique names;
  for (size_t i = 0; i < env.size(); ++i) {
    const std::string path = At("spec.runtime.process.env[{}]", i);
    const EnvVariable& variable = env[i];
    if (variable.name.empty()) errors.Add(path + ".name", "is required");
    if (variable.name.find('=') != std::string::npos) errors.Add(path + ".name", "contains =");
    names.Add(variable.name, path + ".name", errors);
    if (!variable.value_from) continue;
    if (!variable.value.empty()) errors.Add(path, "has value and valueFrom");
    if (variable.value_from->file.empty() == variable.value_from->env.empty()) {
      errors.Add(path + ".valueFrom", "needs exactly one of file, env");
    }
  }
}

void CheckReadiness(const ReadinessProbe& probe, FieldErrors& errors) {
  const std::string path = "spec.runtime.process.readiness";
  const int kinds =
      int{probe.http.has_value()} + int{probe.tcp.has_value()} + int{probe.exec.has_value()};
  if (kinds != 1) errors.Add(path, "needs exactly one of http, tcp, exec");
  if (probe.http) {
    CheckPort(probe.http->port, path + ".http.port", errors);
    if (!probe.http->path.empty() && probe.http->path.front() != '/') {
      errors.Add(path + ".http.path", "does not begin with /");
    }
  }
  if (probe.tcp) CheckPort(probe.tcp->port, path + ".tcp.port", errors);
  if (probe.exec && (probe.exec->command.empty() || probe.exec->command.front().empty())) {
    errors.Add(path + ".exec.command", "is required");
  }
  CheckPositive(probe.period, path + ".period", errors);
  CheckPositive(probe.timeout, path + ".timeout", errors);
  if (probe.failure_threshold && *probe.failure_threshold < 1) {
    errors.Add(path + ".failureThreshold", "must be at least 1");
  }
}

void CheckProcess(const ProcessRuntime& process, FieldErrors& errors) {
  if (process.command.empty() || process.command.front().empty()) {
    errors.Add("spec.runtime.process.command", "is required");
  }
  CheckEnv(process.env, errors);
  if (process.readiness) CheckReadiness(*process.readiness, errors);
  if (process.restart_policy && process.restart_policy->max_restarts.value_or(0) < 0) {
    errors.Add("spec.runtime.process.restartPolicy.maxRestarts", "is negative");
  }
  CheckNotNegative(process.termination_grace, "spec.runtime.process.terminationGrace", errors);
}

// --- sandbox, virtual machine and their volumes
// ---------------------------------------------------

// What is common to a container and a virtual machine; notes which volumes are attached.
void CheckAttachmentsAndPorts(const std::vector<VolumeAttachment>& attachments,
                              const std::vector<NamedPort>& ports, const Unique& volumes,
                              const std::string& path, std::set<std::string>& attached,
                              FieldErrors& errors) {
  Unique mounts;
  for (size_t i = 0; i < attachments.size(); ++i) {
    const std::string at = At("{}.volumeAttachments[{}]", path, i);
    if (!volumes.Has(attachments[i].name)) {
      errors.Add(at + ".name", "no volume is named " + attachments[i].name);
    }
    attached.insert(attachments[i].name);
    mounts.Add(attachments[i].mount_path, at + ".mountPath", errors);
  }
  Unique names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string at = At("{}.ports[{}]", path, i);
    CheckPort(ports[i].port, at + ".port", errors);
    names.Add(ports[i].name, at + ".name", errors);
  }
}

void CheckSandbox(const SandboxRuntime& sandbox, const Unique& volumes,
                  std::set<std::string>& attached, FieldErrors& errors) {
  if (sandbox.containers.empty()) {
    errors.Add("spec.runtime.sandbox.containers", "needs at least one container");
  }
  Unique names;
  for (size_t i = 0; i < sandbox.containers.size(); ++i) {
    const SandboxContainer& container = sandbox.containers[i];
    const std::string path = At("spec.runtime.sandbox.containers[{}]", i);
    CheckLabel(container.name, path + ".name", errors);
    names.Add(container.name, path + ".name", errors);
    if (container.image.empty()) errors.Add(path + ".image", "is required");
    CheckAttachmentsAndPorts(container.volume_attachments, container.ports, volumes, path, attached,
                             errors);
  }
}

void CheckSshKeys(const std::map<std::string, std::string>& annotations, FieldErrors& errors) {
  const std::string path = At("metadata.annotations[\"{}\"]", kSshKeysAnnotation);
  const auto found = annotations.find(kSshKeysAnnotation);
  if (found == annotations.end() || found->second.empty()) {
    errors.Add(path, "is required for a virtual machine");
    return;
  }
  std::string_view rest = found->second;
  for (int line = 1; !rest.empty(); ++line) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    const size_t colon = text.find(':');
    if (text.empty() || (colon != std::string_view::npos && colon > 0 && colon + 1 < text.size())) {
      continue;
    }
    errors.Add(path, At("line {} is not user:key", line));
  }
}

void CheckVirtualMachine(const VirtualMachineRuntime& machine, const InstanceSpec& spec,
                         const Unique& volumes,
                         const std::map<std::string, std::string>& annotations,
                         std::set<std::string>& attached, FieldErrors& errors) {
  const std::string path = "spec.runtime.virtualMachine";
  CheckAttachmentsAndPorts(machine.volume_attachments, machine.ports, volumes, path, attached,
                           errors);
  CheckSshKeys(annotations, errors);
  if (machine.volume_attachments.empty()) {
    errors.Add(path + ".volumeAttachments", "needs a volume to boot from");
    return;
  }
  for (const InstanceVolume& volume : spec.volumes) {
    if (volume.name != machine.volume_attachments.front().name) continue;
    const bool bootable = volume.disk && volume.disk->template_.spec.populator &&
                          volume.disk->template_.spec.populator->image &&
                          !volume.disk->template_.spec.populator->image->name.empty();
    if (!bootable) {
      errors.Add(path + ".volumeAttachments[0].name",
                 "is no disk populated from an image, so nothing boots from it");
    }
  }
}

Unique CheckVolumes(const std::vector<InstanceVolume>& volumes, FieldErrors& errors) {
  Unique names;
  Unique devices;
  for (size_t i = 0; i < volumes.size(); ++i) {
    const InstanceVolume& volume = volumes[i];
    const std::string path = At("spec.volumes[{}]", i);
    CheckLabel(volume.name, path + ".name", errors);
    names.Add(volume.name, path + ".name", errors);
    const int sources = int{volume.disk.has_value()} + int{!volume.config_map.empty()} +
                        int{!volume.secret.empty()};
    if (sources != 1) errors.Add(path, "needs exactly one of disk, configMap, secret");
    if (volume.disk) devices.Add(volume.disk->device_name, path + ".disk.deviceName", errors);
  }
  return names;
}

void CheckRuntime(const InstanceSpec& spec, const std::map<std::string, std::string>& annotations,
                  FieldErrors& errors) {
  const Unique volumes = CheckVolumes(spec.volumes, errors);
  std::set<std::string> attached;
  const InstanceRuntime& runtime = spec.runtime;
  const int runtimes = int{runtime.process.has_value()} + int{runtime.sandbox.has_value()} +
                       int{runtime.virtual_machine.has_value()};
  if (spec.backend == "server" ? runtimes != 0 : runtimes != 1) {
    errors.Add("spec.runtime", spec.backend == "server"
                                   ? "a server has none"
                                   : "needs exactly one of process, sandbox, virtualMachine");
  }
  if (runtime.process) CheckProcess(*runtime.process, errors);
  if (runtime.sandbox) CheckSandbox(*runtime.sandbox, volumes, attached, errors);
  if (runtime.virtual_machine) {
    CheckVirtualMachine(*runtime.virtual_machine, spec, volumes, annotations, attached, errors);
  }
  for (size_t i = 0; i < spec.volumes.size(); ++i) {
    if (!attached.contains(spec.volumes[i].name)) {
      errors.Add(At("spec.volumes[{}]", i), "is not attached");
    }
  }
}

}  // namespace

void ValidateInstanceSpec(const InstanceSpec& spec,
                          const std::map<std::string, std::string>& annotations,
                          FieldErrors& errors) {
  const auto url = annotations.find(kNotifyAnnotation);
  if (url != annotations.end() && !url->second.empty()) {
    if (const auto fault = HttpUrlFault(url->second)) {
      errors.Add(At("metadata.annotations[\"{}\"]", kNotifyAnnotation), *fault);
    }
  }
  if (!spec.location.name.empty()) CheckLabel(spec.location.name, "spec.location.name", errors);
  Unique gates;
  for (size_t i = 0; i < spec.controller.scheduling_gates.size(); ++i) {
    const std::string path = At("spec.controller.schedulingGates[{}].name", i);
    const std::string& name = spec.controller.scheduling_gates[i].name;
    if (name.empty()) errors.Add(path, "is required");
    gates.Add(name, path, errors);
  }
  for (size_t i = 0; i < spec.network_interfaces.size(); ++i) {
    CheckLabel(spec.network_interfaces[i].network.name,
               At("spec.networkInterfaces[{}].network.name", i), errors);
  }
  CheckPositive(spec.ttl, "spec.ttl", errors);
  CheckPositive(spec.idle_ttl, "spec.idleTtl", errors);
  CheckNotNegative(spec.start_deadline, "spec.startDeadline", errors);
  ValidateServerBackend(spec, errors);
  CheckRuntime(spec, annotations, errors);
}

}  // namespace sluice
