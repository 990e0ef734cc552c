// A world of instances with their network and location, and a provider that does as it is asked.
#pragma once

#include <string>
#include <vector>

#include "machines/common/testing/world.h"
#include "machines/instance/instance.h"
#include "machines/location/location.h"

namespace sluice::testing {

class InstanceWorld : public World {
 public:
  InstanceWorld();

  // Applies JSON `{"spec": ...}`; fails the test when that is rejected.
  void MustApply(const std::string& entity, const std::string& payload);
  // A network and a location whose lease `holder` takes.
  void MakeSurroundings(const std::string& holder = "host-a");

  // Carries out what the location's provider has pending, until nothing is. An instance is carried
  // as far as `up_to`: its later verbs stay pending.
  void Provide(InstancePhase up_to = InstancePhase::kReady);

  const Instance& Get(const std::string& name = "web") const {
    return As<Instance>("instance/default/" + name);
  }
  InstancePhase Phase(const std::string& name = "web") const { return Get(name).status.phase; }
  const Condition& ConditionOf(const std::string& type, const std::string& name = "web") const;
  // "verb", or empty.
  std::string Verb(const std::string& name = "web") const;

 private:
  bool ProvideOne(const std::string& entity, const PendingAction& action, InstancePhase up_to);
};

// A process on the network `default` with a TCP probe, at location `here`.
std::string ProcessPayload(const std::string& more_spec = "");

}  // namespace sluice::testing
