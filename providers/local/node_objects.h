#pragma once

#include <cstdint>
#include <string>

#include "events/result.h"
#include "providers/local/process_host.h"

// Reads the JSON a node shows into what the provider works with.
namespace sluice::local {

// An action the engine holds pending (design §4).
struct Action {
  std::string kind;  // Of the entity, lower case.
  InstanceId id;     // Of the entity.
  std::string verb;
  std::string uid;
  uint64_t generation = 0;
  uint64_t attempt = 0;

  bool operator==(const Action&) const = default;
  std::string entity() const { return kind + "/" + id.ToString(); }
};
Result<Action> ParseAction(const std::string& json);

struct LocationObject {
  std::string name;  // `namespace/name`
  std::string provider;
  std::string holder;  // Of its lease; empty: free.
  uint64_t term = 0;
};
Result<LocationObject> ParseLocation(const std::string& json);

struct ObjectIdentity {
  std::string uid;
  uint64_t generation = 0;
  std::string phase;
};
Result<ObjectIdentity> ParseIdentity(const std::string& json);

// kInvalid, naming the field, when this provider cannot run it: another runtime, no command. An
// instance without an interface gets 127.0.0.1 as its address.
Result<ProcessSpec> ParseInstance(const std::string& json);

}  // namespace sluice::local
