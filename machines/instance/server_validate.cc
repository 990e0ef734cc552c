// Faults of a manifest that is backed by a server.
#include "machines/instance/server_rules.h"
#include "machines/server/server.h"

namespace sluice {

void ValidateServerBackend(const InstanceSpec& spec, FieldErrors& errors) {
  const bool backed = spec.backend == "server";
  if (!spec.backend.empty() && !backed) {
    errors.Add("spec.backend", "is " + spec.backend + "; known is server");
  }
  if (!backed) {
    if (spec.server_spec) errors.Add("spec.server", "is for backend: server alone");
    if (spec.pause) errors.Add("spec.pause", "is for backend: server alone");
    return;
  }
  if (!spec.server_spec) return errors.Add("spec.server", "is required with backend: server");
  if (spec.server_spec->flavor.empty()) errors.Add("spec.server.flavor", "is required");
  if (spec.server_spec->image.empty()) errors.Add("spec.server.image", "is required");
  if (spec.server_spec->tags.contains(kInstanceTag)) {
    errors.Add(
        fmt::format("spec.server.tags[\"{}\"]", kInstanceTag),
        "is reserved: it names the server's instance, and is neither set nor stripped by users");
  }
}

}  // namespace sluice
