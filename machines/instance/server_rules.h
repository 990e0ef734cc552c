// An instance that is backed by a server: what follows from its state alone. Pure.
#pragma once

#include <optional>
#include <string>

#include "machines/instance/instance.h"

namespace sluice::instance {

bool IsServerBacked(const Instance& instance);
// The server that has the edge, as last reported; null while nothing was reported of it.
const ReportServer* HeldServer(const Instance& instance);

// What a phase or power of a region means to us.
enum class ServerStep : uint8_t {
  kUnknown = 0,  // a word that we do not know
  kProvisioning,
  kProvisioned,
  kDeprovisioning,
  kCancelled,
  kErrored,
};
ServerStep StepOf(const ReportServer& server);
bool IsPoweredOn(const ReportServer& server);
bool IsPoweredOff(const ReportServer& server);

// The rebuild that the present spec asked for.
bool HasRebuildFailed(const Instance& instance);
// Generation whose rebuild failed, of a report with `rebuildFailed` that comes now; 0 for an
// earlier one that is not known.
int64_t RebuildThatFailed(const Instance& instance, const ReportServer& report);

// What spec and server differ in, and what that asks for: the first of flavor, SSH CA, image, tags.
// Empty verb: they agree, or the difference waits for a change of spec.
ServerAction DifferenceOf(const Instance& instance);
// What is to be done with the server now; empty verb for nothing.
ServerAction WantedAction(const Instance& instance);
// The verb its provider has to carry out now; empty for none.
std::string_view ServerVerb(const Instance& instance);
// A region may have a server for it.
bool MayHaveServer(const Instance& instance);

// Of condition Healthy.
std::string HealthOf(const Instance& instance);

// The claim that deserves the edge; empty for none. One made for it beats a stranger, a later one
// made beats an earlier; among equals the first stays. While it is deleted, no stranger gets it.
std::string BestClaim(const Instance& instance);
// "flavor" with have and want, for messages.
std::string DifferenceText(const ServerAction& action);

// Sets status and what is kept of the server when it changes hands or reports.
void ForgetServer(Instance& instance);

}  // namespace sluice::instance

namespace sluice {

// Faults of `server`, `pause` and `backend`, paths beginning with `spec`.
void ValidateServerBackend(const InstanceSpec& spec, FieldErrors& errors);

// server_edge.cc: who has the edge, after a claim came or went.
void ElectHolder(Draft<InstanceMachine>& draft);
// The instance is gone: its claims hear of it.
void DropClaims(Draft<InstanceMachine>& draft);

// server_rebuild.cc: what the region says of the server that has the edge, and whose rebuild it is
// that failed.
void SeeReport(Draft<InstanceMachine>& draft, const ReportServer& report);
// The spec changed: what is under way was asked for by the one before.
void GiveUpRebuild(Draft<InstanceMachine>& draft);

// server_backend.cc: what the server is to its instance, and what is to be done with it.
void SettleServer(Draft<InstanceMachine>& draft);
// Available, Active, Healthy, Paused and ServerConflict.
void SettleServerConditions(Draft<InstanceMachine>& draft);

// Power is one server's: FailedPrecondition with none, or with several that claim the instance.
std::optional<Rejection> FaultOfPower(const Instance& instance, const DecideContext& context);

}  // namespace sluice
