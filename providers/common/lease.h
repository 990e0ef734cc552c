#pragma once

#include <cstdint>
#include <string>

#include "service/client/api.h"

namespace sluice {

// The lease of a provider whose kinds have no location: `location/sluice-system/NAME` (design:
// providers). It has a term and does not run out. Single-threaded.
class Lease {
 public:
  enum class State : uint8_t {
    kNone,     // Not asked for yet, or the node cannot be reached.
    kHeld,     // Ours, under `term`.
    kAnother,  // Somebody else's; `Message` says whose and what to do.
    kRetaken,  // Taken again under our own name by another run of the same provider: this one ends.
  };

  // `provider` is its name in leases and the location's; `holder` names this installation,
  // `session` this run of it.
  Lease(Api& node, std::string provider, std::string holder, std::string session);

  // Asks for it, or looks whether it is still ours. Before anything is done under it.
  State Check();

  // Gives it back.
  void Release();

  State state() const { return state_; }
  uint64_t term() const { return term_; }
  const std::string& message() const { return message_; }
  const std::string& provider() const { return provider_; }

 private:
  void Acquire();

  Api& node_;
  const std::string provider_;
  const std::string holder_;
  const std::string session_;
  State state_ = State::kNone;
  uint64_t term_ = 0;
  uint64_t wishes_ = 0;
  std::string message_;
};

// A name for this host in leases, and one for this run.
std::string HostHolder(const std::string& provider);
std::string RandomSession();

}  // namespace sluice
