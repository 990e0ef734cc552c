// An ordered rollout to the instances of one deployment.
#include <algorithm>

#include "bench/groups.h"
#include "bench/instant_provider.h"
#include "bench/planes_objects.h"
#include "events/deployment.gen.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kRollout = 1'000;
constexpr char kPool[] = "deployment/default/pool";

Command MakePool(uint64_t replicas, uint64_t revision, ManagementPolicy policy) {
  DeploymentApply apply;
  apply.spec.location.name = "at-0";
  apply.spec.scale_settings.min_replicas = static_cast<int32_t>(replicas);
  apply.spec.scale_settings.instance_management_policy = policy;
  apply.spec.template_ = Template(revision, false);
  return MakeCommand(kPool, std::move(apply));
}

}  // namespace

Result<Measurements> RunRollout(const BenchOptions& options, DataSet& data, double plain) {
  const uint64_t replicas = std::min(kRollout, options.entities);
  auto node = OpenNode(options, data.scratch().Path("planes"));
  if (!node) return tl::unexpected<Error>(node.error());
  InstantProvider provider(**node, options);
  const auto current = [&] {
    return StatusNumber(provider.queries(), kPool, "currentReplicas") == replicas &&
           StatusNumber(provider.queries(), kPool, "readyReplicas") == replicas;
  };
  for (Command& command :
       std::vector<Command>{MakeCity(0), MakePool(replicas, 1, ManagementPolicy::kParallel)}) {
    if (auto sent = SendOne(options, **node, std::move(command)); !sent) {
      return tl::unexpected<Error>(sent.error());
    }
  }
  options.Say("planes: instances to roll out to");
  if (auto served = provider.ServeUntil(current); !served) {
    return tl::unexpected<Error>(served.error());
  }
  if (auto rest = AwaitRest(**node, options.stop); !rest) {
    return tl::unexpected<Error>(rest.error());
  }
  options.Say("planes: ordered rollout");
  const uint64_t before = CountDecisions(**node);
  const uint64_t written = VersionOf(provider.queries(), kPool);
  const Stopwatch watch;
  auto sent = SendOne(options, **node, MakePool(replicas, 2, ManagementPolicy::kOrderedReady));
  if (!sent) return tl::unexpected<Error>(sent.error());
  if (auto served = provider.ServeUntil(current); !served) {
    return tl::unexpected<Error>(served.error());
  }
  const double seconds = watch.Seconds();
  const auto rest = AwaitRest(**node, options.stop);
  if (!rest) return tl::unexpected<Error>(rest.error());
  const double count = static_cast<double>(replicas);
  Measurement rollout{.name = fmt::format("planes/ordered-rollout-{}", replicas)};
  rollout.Compare(count / seconds, plain);
  rollout.count = static_cast<double>(*rest - before) / count;
  rollout.target = "decisions per instance";
  Measurement writes{.name = "planes/rollout-status-writes"};
  writes.count = static_cast<double>(VersionOf(provider.queries(), kPool) - written) / count;
  writes.target = "writes per instance";
  Measurement size{.name = "planes/deployment-json"};
  const auto object = provider.queries().Get(*ParseEntityKey(kPool));
  if (object && *object) size.count = static_cast<double>((*object)->json.size());
  size.target = "bytes, bounded";
  node->reset();
  data.scratch().Remove("planes");
  return Measurements{std::move(rollout), std::move(writes), std::move(size)};
}

}  // namespace sluice::bench
