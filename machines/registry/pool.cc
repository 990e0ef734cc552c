// The address pool of the cluster, registry/sluice-system/addresspool-<name>: who has which range.
//
// Ranges of mode Auto are cut from the configured pools, lowest first; given ones are taken as
// given unless they overlap. While pools of the local provider are configured they go first.
#include <algorithm>

#include "machines/network/holding/block.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

std::vector<Prefix> PoolBlocks(const ClusterConfigSpec& settings, std::string_view family) {
  if (family != "IPv4") return BlocksOf(settings.ipv6_pools, family);
  return BlocksOf(
      settings.local_ipv4_pools.empty() ? settings.ipv4_pools : settings.local_ipv4_pools, family);
}

// Ranges no host can have an address in (RFC 6890): this network, link-local, multicast and above;
// loopback but for what is configured as a pool.
std::string UnsupportedFault(const AcquirePrefix& command, const std::vector<Prefix>& pools) {
  const auto wanted = Prefix::Parse(command.exact);
  if (!wanted) return wanted.error();
  const bool configured = std::any_of(pools.begin(), pools.end(),
                                      [&](const Prefix& pool) { return pool.Contains(*wanted); });
  if (configured) return "";
  for (const char* text : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8",
                           "fe80::/10", "ff00::/8"}) {
    if (wanted->Overlaps(*Prefix::Parse(text))) {
      return command.exact + " overlaps " + text + ", which is reserved";
    }
  }
  return "";
}

}  // namespace

DecideResult Decide(const Registry& registry, const AcquirePrefix& command,
                    const DecideContext& context) {
  if (!context.self.name.starts_with("addresspool-")) {
    return Reject(Rejection::InvalidArgument("command", context.self.ToString() + " is no pool"));
  }
  Draft<RegistryMachine> draft(registry, context);
  CreateIfAbsent(draft);
  const std::vector<Prefix> pools = PoolBlocks(context.Settings(), command.family);
  const std::string fault = command.exact.empty() ? "" : UnsupportedFault(command, pools);
  if (!fault.empty()) {
    RefuseAcquire(draft, command, kRangeUnsupported, fault);
  } else {
    AnswerAcquire(draft, command, pools, /*anywhere=*/true);
  }
  return draft.Take();
}

DecideResult Decide(const Registry& registry, const ReleasePrefix& command,
                    const DecideContext& context) {
  Draft<RegistryMachine> draft(registry, context);
  ReleaseClaim(draft, command.claim);
  return draft.Take();
}

void Evolve(Registry& registry, const PrefixAssigned& event) {
  EvolveAssigned(registry.items, registry.status.ranges, event);
}

void Evolve(Registry& registry, const PrefixUnassigned& event) {
  EvolveUnassigned(registry.items, registry.status.ranges, event);
}

}  // namespace sluice
