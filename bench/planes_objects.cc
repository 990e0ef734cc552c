#include "bench/planes_objects.h"

#include "events/location.gen.h"

namespace sluice::bench {

std::string City(uint64_t number) { return fmt::format("C{}", number); }

Command MakeCity(uint64_t number) {
  LocationApply apply;
  apply.spec.provider = "local";
  apply.spec.topology["topology.datum.net/city-code"] = City(number);
  return MakeCommand(fmt::format("location/default/at-{}", number), std::move(apply));
}

InstanceTemplate Template(uint64_t revision, bool with_network) {
  InstanceTemplate from;
  ProcessRuntime process;
  process.command = {"/usr/bin/serve", "--revision", std::to_string(revision)};
  from.spec.runtime.process = std::move(process);
  if (with_network)
    from.spec.network_interfaces.push_back({.network = {.name = "default"}, .network_policy = {}});
  return from;
}

Result<void> SendOne(const BenchOptions& options, Node& node, Command command) {
  auto sent = RunClosedLoop(
      node, 1,
      [&](uint64_t n) -> std::optional<Command> {
        if (n > 0) return std::nullopt;
        return command;
      },
      Duration{}, options.stop);
  if (!sent) return tl::unexpected<Error>(sent.error());
  return {};
}

uint64_t StatusNumber(const Queries& queries, std::string_view entity, const std::string& name) {
  const auto object = queries.Get(*ParseEntityKey(entity));
  if (!object || !*object) return 0;
  const std::string& json = (*object)->json;
  // Totals stand before the rows of the placements.
  const std::string mark = "\"" + name + "\":";
  const size_t at = json.find(mark, json.find("\"status\":"));
  return at == std::string::npos ? 0 : std::stoull("0" + json.substr(at + mark.size(), 20));
}

uint64_t VersionOf(const Queries& queries, std::string_view entity) {
  const auto object = queries.Get(*ParseEntityKey(entity));
  return object && *object ? (*object)->version : 0;
}

}  // namespace sluice::bench
