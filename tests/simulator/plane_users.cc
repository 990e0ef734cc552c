// Users of bindings, instances, locations and networks.
#include "events/json.h"
#include "machines/common/kind.h"
#include "tests/simulator/workload.h"

namespace sluice::simulator {
namespace {

std::string OneOf(Random& random, std::string_view prefix, uint64_t count) {
  return fmt::format("{}{}", prefix, random.Below(count));
}

// What runs: a command that is the template's variant, sometimes probed, placed or networked.
std::string InstanceSpecJson(Random& random, bool networks) {
  std::string more;
  if (random.Chance(600)) {
    more += fmt::format(R"("location":{{"name":"l{}"}},)", random.Below(2));
    if (networks && random.Chance(500)) {
      more +=
          fmt::format(R"("networkInterfaces":[{{"network":{{"name":"n{}"}}}}],)", random.Below(2));
    }
  }
  if (random.Chance(60)) more += R"("ttl":"20m",)";
  if (random.Chance(60)) more += R"("idleTtl":"10m",)";
  const std::string probe =
      random.Chance(600) ? R"(,"readiness":{"tcp":{"port":80}})" : std::string();
  return fmt::format(R"({{{}"runtime":{{"process":{{"command":["v{}"]{}}}}}}})", more,
                     random.Below(4), probe);
}

Command ApplyBinding(Random& random, bool networks) {
  const uint64_t which = random.Below(3);
  // Now and then a key that another one has, or a change of key, which is refused.
  const uint64_t key = random.Chance(850) ? which : random.Below(3);
  std::string more;
  if (random.Chance(80)) more += fmt::format(R"("adoptActive":{{"name":"i{}"}},)", random.Below(3));
  if (random.Chance(50)) more += R"("disconnected":true,)";
  if (random.Chance(300)) more += R"("candidateReadyDeadline":"30s",)";
  // Now and then one that does not say what runs, whose candidates are refused.
  const std::string spec = random.Chance(60) ? "{}" : InstanceSpecJson(random, networks);
  return MakeJsonCommand(fmt::format("binding/default/b{}", which), "Apply",
                         fmt::format(R"({{"spec":{{"bindingKey":"k{}","desiredRevision":"r{}",{})"
                                     R"("template":{{"presetId":"web","spec":{}}}}}}})",
                                     key, random.Below(4), more, spec));
}

std::string AnyInstance(Random& random, const ClusterView& view) {
  const std::vector<std::string> keys = view.Keys("instance");
  if (keys.empty() || random.Chance(100)) return OneOf(random, "instance/default/i", 3);
  return random.Pick(keys);
}

Command TouchInstance(Random& random, const ClusterView& view) {
  static constexpr const char* kCommands[] = {"Start", "Stop", "Restart", "Touch"};
  const std::string entity = AnyInstance(random, view);
  switch (random.Below(3)) {
    case 0:
      return MakeJsonCommand(entity, random.Chance(500) ? "AddGate" : "ClearGate",
                             R"({"name":"Quota"})");
    case 1:
      return MakeCommand(entity, Delete{});
    default:
      return MakeJsonCommand(entity, random.Pick(kCommands), "{}");
  }
}

Command ApplyNetwork(Random& random) {
  const std::string entity = OneOf(random, "network/default/n", 2);
  if (random.Chance(150)) return MakeCommand(entity, Delete{.cascade = random.Chance(500)});
  if (random.Chance(200)) {
    return MakeJsonCommand(
        entity, "Apply",
        R"({"spec":{"ipam":{"mode":"Policy","ipv4Range":"10.77.0.0/16"},"ipFamilies":["IPv4"]}})");
  }
  return MakeJsonCommand(entity, "Apply",
                         random.Chance(500) ? R"({"spec":{"ipFamilies":["IPv4"]}})"
                                            : R"({"spec":{"ipFamilies":["IPv4","IPv6"]}})");
}

Command ApplyNetworkBinding(Random& random) {
  const std::string entity = OneOf(random, "networkbinding/default/x", 2);
  if (random.Chance(300)) return MakeCommand(entity, Delete{});
  return MakeJsonCommand(
      entity, "Apply",
      fmt::format(R"({{"spec":{{"network":{{"name":"n{}"}},"location":{{"name":"l{}"}}}}}})",
                  random.Below(2), random.Below(2)));
}

Command ApplyLocation(Random& random) {
  const std::string entity = OneOf(random, "location/default/l", 2);
  if (random.Chance(50)) return MakeCommand(entity, Delete{});
  return MakeJsonCommand(entity, "Apply", R"({"spec":{"provider":"local"}})");
}

}  // namespace

Command MakeJsonCommand(const std::string& entity, std::string_view name, std::string_view json) {
  const KindInfo* kind = BuiltinKinds().Find(KeyOrDie(entity).kind);
  CHECK(kind != nullptr);
  const CommandInfo* info = kind->FindCommandByWireName(name);
  CHECK(info != nullptr);
  void* table = nullptr;
  Command command;
  command.entity = entity;
  command.payload = AnyTable::Make(*info->type, &table);
  CHECK(FromJson(*info->type, json, table, "payload").has_value());
  return command;
}

void AddPlaneUsers(Workload& workload, Random& random, const ClusterView& view) {
  const bool networks = random.Chance(500);
  const auto weight = [&](uint32_t usual) {
    return static_cast<uint32_t>(random.Chance(250) ? usual * 4 : usual);
  };
  workload.Add(weight(20), [networks](Random& r) { return ApplyBinding(r, networks); });
  workload.Add(weight(3),
               [](Random& r) { return MakeCommand(OneOf(r, "binding/default/b", 3), Delete{}); });
  workload.Add(2, [](Random& r) {
    return MakeJsonCommand(OneOf(r, "binding/default/b", 3), "Reconcile", "{}");
  });
  workload.Add(weight(5), [networks](Random& r) {
    return MakeJsonCommand(OneOf(r, "instance/default/i", 3), "Apply",
                           "{\"spec\":" + InstanceSpecJson(r, networks) + "}");
  });
  workload.Add(weight(8), [&view](Random& r) { return TouchInstance(r, view); });
  workload.Add(8, ApplyLocation);
  if (!networks) return;
  workload.Add(weight(8), ApplyNetwork);
  workload.Add(weight(6), ApplyNetworkBinding);
}

}  // namespace sluice::simulator
