#include "machines/network/tests/plane_world.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

#include "machines/clusterconfig/clusterconfig.h"
#include "machines/network/holding/block.h"
#include "machines/network/holding/hold.h"

namespace sluice::testing {
namespace {

constexpr const char* kPool = "registry/sluice-system/addresspool-default";

KindRegistry PlaneKinds() {
  KindRegistry kinds;
  kinds.Add(ClusterConfigKind());
  kinds.Add(RegistryKind());
  kinds.Add(NetworkKind());
  kinds.Add(NetworkContextKind());
  kinds.Add(NetworkBindingKind());
  kinds.Add(SubnetClaimKind());
  kinds.Add(SubnetKind());
  kinds.Add(HostKind());
  return kinds;
}

const std::vector<Condition>& ConditionsOf(const EntityState& state, const std::string& kind) {
  if (kind == "network") return static_cast<const Network&>(state).status.conditions;
  if (kind == "networkcontext") return static_cast<const NetworkContext&>(state).status.conditions;
  if (kind == "networkbinding") return static_cast<const NetworkBinding&>(state).status.conditions;
  if (kind == "subnetclaim") return static_cast<const SubnetClaim&>(state).status.conditions;
  if (kind == "subnet") return static_cast<const Subnet&>(state).status.conditions;
  return static_cast<const Host&>(state).status.conditions;
}

std::vector<Held> HeldOf(const EntityState& state) {
  const EntityItemsView items(state.items);
  std::vector<Held> held;
  for (const Family family : {Family::kIPv4, Family::kIPv6}) {
    for (Held& one : AllocatorView(items).List(Prefix::All(family), 100'000)) {
      held.push_back(std::move(one));
    }
  }
  return held;
}

}  // namespace

PlaneWorld::PlaneWorld(uint32_t partitions) : kinds(PlaneKinds()), world(kinds, partitions) {
  // SLUICE_TRACE=1 prints every decision, for reading a failure.
  if (!std::getenv("SLUICE_TRACE")) return;
  world.on_decision = [](const World&, const Decision& decision) {
    std::string events;
    for (const Event& event : decision.events) {
      events += " " + std::string(event.payload.type_name());
    }
    fmt::print(stderr, "{} {} {} ->{}\n", decision.command->entity,
               decision.command->payload.type_name(), ToString(decision.verdict), events);
  };
}

void PlaneWorld::ApplyNetwork(const std::string& name, NetworkSpec spec) {
  const Decision decision = world.Send("network/default/" + name, NetworkApply{.spec = spec});
  if (decision.rejection) throw std::runtime_error(decision.rejection->message);
}

void PlaneWorld::ApplyBinding(const std::string& name, const std::string& network,
                              const std::string& location) {
  NetworkBindingApply apply;
  apply.spec.network.name = network;
  apply.spec.location.name = location;
  world.Send("networkbinding/default/" + name, apply);
}

void PlaneWorld::ApplyHost(const std::string& name, const std::vector<std::string>& networks,
                           const std::string& location) {
  HostApply apply;
  apply.spec.location.name = location;
  for (const std::string& network : networks) {
    apply.spec.interfaces.push_back({.network = {.name = network}});
  }
  world.Send("host/default/" + name, apply);
}

Decision PlaneWorld::DeleteNamed(const std::string& key, bool cascade) {
  return world.Send(key, Delete{.cascade = cascade});
}

size_t PlaneWorld::Program() {
  size_t count = 0;
  for (const std::string& key : world.EntityKeys()) {
    for (const PendingAction& action : world.Pending(key)) {
      EXPECT_EQ(action.target, key);
      world.Send(key, NetworkReportProgrammed{.status = ConditionStatus::kTrue,
                                              .reason = "Programmed",
                                              .generation = action.generation,
                                              .uid = action.uid});
      ++count;
    }
  }
  return count;
}

void PlaneWorld::Settle() {
  do {
    world.Settle();
  } while (Program() > 0);
}

const Condition& PlaneWorld::Ready(const std::string& key, const std::string& type) {
  static const Condition kNone;
  const Condition* found = FindCondition(ConditionsOf(world.State(key), KeyOrDie(key).kind), type);
  return found ? *found : kNone;
}

std::string PlaneWorld::ReadyText(const std::string& key, const std::string& type) {
  const Condition& condition = Ready(key, type);
  return fmt::format("{} {}: {}", ToString(condition.status), condition.reason, condition.message);
}

const Network& PlaneWorld::network(const std::string& name) {
  return world.As<Network>("network/default/" + name);
}
const NetworkContext& PlaneWorld::context(const std::string& name) {
  return world.As<NetworkContext>("networkcontext/default/" + name);
}
const NetworkBinding& PlaneWorld::binding(const std::string& name) {
  return world.As<NetworkBinding>("networkbinding/default/" + name);
}
const SubnetClaim& PlaneWorld::claim(const std::string& name) {
  return world.As<SubnetClaim>("subnetclaim/default/" + name);
}
const Subnet& PlaneWorld::subnet(const std::string& name) {
  return world.As<Subnet>("subnet/default/" + name);
}
const Host& PlaneWorld::host(const std::string& name) {
  return world.As<Host>("host/default/" + name);
}

std::vector<std::string> PlaneWorld::KeysOf(const std::string& kind) {
  std::vector<std::string> keys;
  for (const std::string& key : world.EntityKeys()) {
    if (KeyOrDie(key).kind == kind) keys.push_back(key);
  }
  return keys;
}

// Each level: what a giver's allocator says is held does not overlap, and lies inside the giver's
// own prefix; what a holder believes to have, its giver's allocator has under that holder's claim.
std::vector<std::string> PlaneWorld::Violations() {
  std::vector<std::string> violations;
  const auto check_giver = [&](const std::string& key, const std::vector<std::string>& blocks) {
    const std::vector<Held> held = HeldOf(world.State(key));
    for (size_t i = 0; i < held.size(); ++i) {
      const std::string text = held[i].prefix.ToString();
      if (i > 0 && held[i - 1].prefix.Overlaps(held[i].prefix)) {
        violations.push_back(key + ": " + held[i - 1].prefix.ToString() + " overlaps " + text);
      }
      bool inside = false;
      for (const std::string& block : blocks) {
        inside = inside || (!block.empty() && Prefix::Parse(block)->Contains(held[i].prefix));
      }
      if (!inside) violations.push_back(key + " gave " + text);
    }
  };
  const auto check_holder = [&](const std::string& key, const std::string& claim,
                                const std::string& prefix, const std::string& giver) {
    if (prefix.empty()) return;
    const EntityItemsView items(world.State(giver).items);
    const auto grant = AllocatorView(items).GrantOf(claim);
    if (!grant || *grant != *Prefix::Parse(prefix)) {
      violations.push_back(key + " believes to have " + prefix + " of " + giver);
    }
  };
  const auto check_holds = [&](const std::string& key, const std::string& uid,
                               const std::vector<PrefixHold>& holds, const std::string& giver) {
    for (const PrefixHold& hold : holds) {
      check_holder(key, ClaimOf(uid, hold.family), hold.prefix, giver);
    }
  };
  for (const std::string& key : KeysOf("network")) {
    const auto& state = world.As<Network>(key);
    check_giver(key, {state.status.ipv4_range, state.status.ipv6_range});
    if (state.Exists()) check_holds(key, state.metadata.uid, state.own.holds, kPool);
  }
  for (const std::string& key : KeysOf("networkcontext")) {
    const auto& state = world.As<NetworkContext>(key);
    check_giver(key, {state.status.ipv4_prefix, state.status.ipv6_prefix});
    if (!state.Exists()) continue;
    check_holds(key, state.metadata.uid, state.own.holds,
                "network/default/" + state.spec.network.name);
  }
  for (const std::string& key : KeysOf("subnet")) {
    const auto& state = world.As<Subnet>(key);
    check_giver(key, {state.status.prefix});
    if (!state.Exists()) continue;
    check_holds(key, state.metadata.uid, state.own.holds,
                "networkcontext/default/" + state.spec.network_context.name);
  }
  std::set<std::string> addresses;
  for (const std::string& key : KeysOf("host")) {
    const auto& state = world.As<Host>(key);
    if (!state.Exists()) continue;
    for (const Attachment& attachment : state.own.attachments) {
      if (attachment.step != AttachmentStep::kReady) continue;
      if (!addresses.insert(attachment.address).second) {
        violations.push_back(attachment.address + " has two holders, one is " + key);
      }
      const auto address = Prefix::ParseAddress(attachment.address);
      check_holder(key, state.metadata.uid + "/" + std::to_string(attachment.interface),
                   address ? address->ToString() : "no address",
                   "subnet/default/" + attachment.subnet);
    }
  }
  return violations;
}

void PlaneWorld::TakeDown(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    DeleteNamed(key);
    Settle();
  }
  EXPECT_EQ(Remains(), std::vector<std::string>{});
}

std::vector<std::string> PlaneWorld::Remains() {
  std::vector<std::string> remains;
  for (const std::string kind :
       {"network", "networkcontext", "networkbinding", "subnetclaim", "subnet", "host"}) {
    for (const std::string& key : KeysOf(kind)) {
      if (world.Exists(key)) remains.push_back(key + " " + ReadyText(key));
      for (CollectionId collection = 0; collection < 200; ++collection) {
        world.State(key).items.ScanBytes(collection, "", [&](std::string_view, std::string_view) {
          remains.push_back(key + " left an item in collection " + std::to_string(collection));
          return false;
        });
      }
    }
  }
  for (const Held& held : HeldOf(world.State(kPool))) {
    remains.push_back(held.prefix.ToString() + " of " + held.holder.name);
  }
  return remains;
}

SubnetSpec ClaimSpec(const std::string& context) {
  SubnetSpec spec;
  spec.network_context.name = context;
  spec.location.name = "here";
  return spec;
}

}  // namespace sluice::testing
