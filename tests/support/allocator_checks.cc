#include <set>

#include "machines/instance/instance.h"
#include "machines/network/allocator/allocator.h"
#include "machines/network/holding/entity_items.h"
#include "machines/network/holding/hold.h"
#include "machines/network/network/network.h"
#include "machines/network/networkcontext/networkcontext.h"
#include "machines/network/subnet/subnet.h"
#include "tests/support/folded_log.h"

namespace sluice::testing {
namespace {

constexpr const char* kPool = "registry/sluice-system/addresspool-default";

class Checks {
 public:
  Checks(const FoldedLog& log, std::vector<std::string>* faults) : log_(log), faults_(*faults) {}

  // What `key` gave does not overlap and lies inside `blocks` (N1, N2).
  void Giver(const std::string& key, const EntityState& state,
             const std::vector<std::string>& blocks) {
    const EntityItemsView items(state.items);
    for (const Family family : {Family::kIPv4, Family::kIPv6}) {
      const std::vector<Held> held = AllocatorView(items).List(Prefix::All(family), 100'000);
      for (size_t i = 0; i < held.size(); ++i) {
        const std::string text = held[i].prefix.ToString();
        if (i > 0 && held[i - 1].prefix.Overlaps(held[i].prefix)) {
          faults_.push_back("N1: " + key + " gave " + held[i - 1].prefix.ToString() + " and " +
                            text);
        }
        bool inside = blocks.empty();
        for (const std::string& block : blocks) {
          inside = inside || (!block.empty() && Prefix::Parse(block)->Contains(held[i].prefix));
        }
        if (!inside) faults_.push_back("N2: " + key + " gave " + text + " of none of its blocks");
      }
    }
  }

  // What a holder believes to have, `giver` has under that claim.
  void Holder(const std::string& key, const std::string& claim, const std::string& prefix,
              const std::string& giver) {
    if (prefix.empty()) return;
    const auto at = log_.entities.find(giver);
    std::optional<Prefix> grant;
    if (at != log_.entities.end()) {
      const EntityItemsView items(at->second.state->items);
      grant = AllocatorView(items).GrantOf(claim);
    }
    if (!grant || *grant != *Prefix::Parse(prefix)) {
      faults_.push_back(key + " believes to have " + prefix + " of " + giver);
    }
  }

  template <class Holds>
  void AllHolds(const std::string& key, const std::string& uid, const Holds& holds,
                const std::string& giver) {
    for (const PrefixHold& hold : holds) Holder(key, ClaimOf(uid, hold.family), hold.prefix, giver);
  }

  void Interfaces(const std::string& key, const Instance& instance) {
    for (const Attachment& attachment : instance.own.attachments) {
      if (attachment.step != AttachmentStep::kReady) continue;
      if (!addresses_.insert(attachment.network + " " + attachment.address).second) {
        faults_.push_back("N1: " + attachment.address + " has two holders, one is " + key);
      }
      const auto address = Prefix::ParseAddress(attachment.address);
      Holder(key, instance.metadata->uid + "/" + std::to_string(attachment.interface),
             address ? address->ToString() : "no address", "subnet/default/" + attachment.subnet);
    }
  }

 private:
  const FoldedLog& log_;
  std::vector<std::string>& faults_;
  std::set<std::string> addresses_;
};

}  // namespace

void CheckAllocators(const FoldedLog& log, std::vector<std::string>* faults) {
  Checks checks(log, faults);
  for (const auto& [key, entity] : log.entities) {
    const EntityState& state = *entity.state;
    if (key == kPool) checks.Giver(key, state, {});
    if (const auto* network = dynamic_cast<const Network*>(&state)) {
      checks.Giver(key, state, {network->status.ipv4_range, network->status.ipv6_range});
      if (state.Exists()) {
        checks.AllHolds(key, network->metadata.uid, network->own.holds, kPool);
      }
    } else if (const auto* context = dynamic_cast<const NetworkContext*>(&state)) {
      checks.Giver(key, state, {context->status.ipv4_prefix, context->status.ipv6_prefix});
      if (state.Exists()) {
        checks.AllHolds(key, context->metadata.uid, context->own.holds,
                        "network/default/" + context->spec.network.name);
      }
    } else if (const auto* subnet = dynamic_cast<const Subnet*>(&state)) {
      checks.Giver(key, state, {subnet->status.prefix});
      if (state.Exists()) {
        checks.AllHolds(key, subnet->metadata.uid, subnet->own.holds,
                        "networkcontext/default/" + subnet->spec.network_context.name);
      }
    } else if (const auto* instance = dynamic_cast<const Instance*>(&state)) {
      if (state.Exists()) checks.Interfaces(key, *instance);
    }
  }
}

}  // namespace sluice::testing
