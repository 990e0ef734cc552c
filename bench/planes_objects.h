// What the loads on whole planes have in common: objects they are made of, how one is sent, and
// what is read of one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/bench_node.h"
#include "events/deployment.gen.h"
#include "events/make_command.h"
#include "projections/queries.h"

namespace sluice::bench {

inline constexpr uint64_t kPlaneInstances = 10'000;

// The code of a city, and the location default/at-<number> that is there.
std::string City(uint64_t number);
Command MakeCity(uint64_t number);

// Of a process; with an interface on the network default/default or with none.
InstanceTemplate Template(uint64_t revision, bool with_network);

// Waits until it is decided.
Result<void> SendOne(const BenchOptions& options, Node& node, Command command);

// A number of an object's status, as its JSON has it; 0 when there is none.
uint64_t StatusNumber(const Queries& queries, std::string_view entity, const std::string& name);
// The object's version: it moves once per decision that changes the object.
uint64_t VersionOf(const Queries& queries, std::string_view entity);

}  // namespace sluice::bench
