// The kinds of this build.
#include "machines/clusterconfig/clusterconfig.h"
#include "machines/common/kind.h"
#include "machines/registry/registry.h"

namespace sluice {

const KindRegistry& BuiltinKinds() {
  static const KindRegistry kinds = [] {
    KindRegistry registry;
    registry.Add(ClusterConfigKind());
    registry.Add(RegistryKind());
    return registry;
  }();
  return kinds;
}

}  // namespace sluice
