// Instance control: which instances of a deployment to create, update, delete or wait for, and in
// which order. Pure functions over a whole list; who calls decides what to carry out.
//
// The deployment machine keeps the sets behind a plan as reports come (members.h); this is what
// they are tested against.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/basic_types.h"

namespace sluice::control {

enum class Policy : uint8_t {
  kOrderedReady = 0,  // Only the first action is carried out.
  kParallel = 1,      // Nothing but waits is held back.
};

enum class Verb : uint8_t { kCreate = 0, kUpdate = 1, kDelete = 2, kWait = 3 };

struct DeploymentView {
  std::string name;
  uint32_t replicas = 0;  // n: ordinals 0 to n-1 are wanted
  Policy policy = Policy::kOrderedReady;
  Hash128 template_hash = {};
  // Ordinals whose next instance has to wait, because the last one failed. Sorted.
  std::vector<uint64_t> backing_off = {};
};

struct InstanceView {
  std::string name;
  std::optional<uint64_t> ordinal = {};  // of its name; none: it is deleted
  Hash128 template_hash = {};            // of the template it was last given
  bool ready = false;                    // on that template
  bool terminal = false;                 // Failed, Stopped or Expired
  bool deleting = false;
};

struct Action {
  Verb verb = Verb::kWait;
  std::string instance;
  bool skipped = false;  // held back by the order
  bool operator==(const Action&) const = default;
};

// In the order in which they are to be carried out: creates, waits and updates of the not ready by
// ascending ordinal, updates of the ready descending, deletes descending. Of OrderedReady the
// delete of one that failed comes first where all that is created or waited for is above it.
// Deletes of what is not wanted at all are never skipped.
std::vector<Action> Plan(const DeploymentView& deployment,
                         const std::vector<InstanceView>& instances);

// The ordinal behind `<deployment>-`; none when the name has another form.
std::optional<uint64_t> OrdinalOf(std::string_view deployment, std::string_view instance);

}  // namespace sluice::control
