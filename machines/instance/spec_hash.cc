#include "machines/instance/spec_hash.h"

#include "events/logical.h"

namespace sluice {

Hash128 InstanceSpecHash(const InstanceSpec& spec) {
  InstanceSpec hashed = spec;
  hashed.controller = {};
  hashed.lineage.reset();
  return LogicalHash(hashed);
}

}  // namespace sluice
