// The kinds of this build.
#include "machines/announcement/announcement.h"
#include "machines/binding/binding.h"
#include "machines/clusterconfig/clusterconfig.h"
#include "machines/common/kind.h"
#include "machines/component/component.h"
#include "machines/deployment/deployment.h"
#include "machines/driftmonitor/driftmonitor.h"
#include "machines/instance/instance.h"
#include "machines/location/location.h"
#include "machines/network/network/network.h"
#include "machines/network/networkbinding/networkbinding.h"
#include "machines/network/networkcontext/networkcontext.h"
#include "machines/network/subnet/subnet.h"
#include "machines/network/subnetclaim/subnetclaim.h"
#include "machines/pullrequest/pullrequest.h"
#include "machines/registry/registry.h"
#include "machines/server/server.h"
#include "machines/workload/workload.h"

namespace sluice {

const KindRegistry& BuiltinKinds() {
  static const KindRegistry kinds = [] {
    KindRegistry registry;
    registry.Add(AnnouncementKind());
    registry.Add(BindingKind());
    registry.Add(ClusterConfigKind());
    registry.Add(ComponentKind());
    registry.Add(DeploymentKind());
    registry.Add(InstanceKind());
    registry.Add(LocationKind());
    registry.Add(DriftMonitorKind());
    registry.Add(PullRequestKind());
    registry.Add(RegistryKind());
    registry.Add(NetworkKind());
    registry.Add(NetworkContextKind());
    registry.Add(NetworkBindingKind());
    registry.Add(SubnetClaimKind());
    registry.Add(SubnetKind());
    registry.Add(ServerKind());
    registry.Add(WorkloadKind());
    return registry;
  }();
  return kinds;
}

}  // namespace sluice
