// The network plane in memory: its kinds, hosts that use it, a provider that programs at once, and
// the invariants of the plane, checked over all entities.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "machines/common/testing/world.h"
#include "machines/network/network/network.h"
#include "machines/network/networkbinding/networkbinding.h"
#include "machines/network/networkcontext/networkcontext.h"
#include "machines/network/subnet/subnet.h"
#include "machines/network/subnetclaim/subnetclaim.h"
#include "machines/network/tests/host.h"
#include "machines/registry/registry.h"

namespace sluice::testing {

// Of a claim in that context, at "here".
SubnetSpec ClaimSpec(const std::string& context);

class PlaneWorld {
 public:
  explicit PlaneWorld(uint32_t partitions = 3);

  void ApplyNetwork(const std::string& name, NetworkSpec spec = {});
  void ApplyBinding(const std::string& name, const std::string& network,
                    const std::string& location);
  void ApplyHost(const std::string& name, const std::vector<std::string>& networks,
                 const std::string& location);
  Decision DeleteNamed(const std::string& key, bool cascade = false);

  // Reports every pending action as done, until none is left; returns how many there were.
  size_t Program();
  // Delivers everything and programs everything.
  void Settle();

  const Condition& Ready(const std::string& key, const std::string& type = "Ready");
  // "False NetworkNotFound: Network default/x not found"
  std::string ReadyText(const std::string& key, const std::string& type = "Ready");
  bool Exists(const std::string& key) { return world.Exists(key); }
  const Network& network(const std::string& name);
  const NetworkContext& context(const std::string& name);
  const NetworkBinding& binding(const std::string& name);
  const SubnetClaim& claim(const std::string& name);
  const Subnet& subnet(const std::string& name);
  const Host& host(const std::string& name);

  // What breaks the invariants of network.md, over all entities.
  std::vector<std::string> Violations();
  // Deletes what is named, one after the other, and checks that nothing is left.
  void TakeDown(const std::vector<std::string>& keys);
  // What is left of the plane: entities, items anywhere, ranges of the pool.
  std::vector<std::string> Remains();

  KindRegistry kinds;
  World world;

 private:
  std::vector<std::string> KeysOf(const std::string& kind);
};

}  // namespace sluice::testing
