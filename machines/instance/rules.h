// What follows from an instance's state alone. Pure; read by Settle, Pending and Detail.
#pragma once

#include <optional>
#include <string>

#include "machines/instance/instance.h"

namespace sluice::instance {

bool HasGate(const Instance& instance, std::string_view name);
// One that is to have interfaces, and makes its bindings itself, waits for its network.
void GateOnNetwork(InstanceSpec& spec);
// "A, B"
std::string GateNames(const Instance& instance);

// The report if it is about the present generation, else null.
const ProviderReport* Current(const Instance& instance,
                              const std::optional<ProviderReport>& report);
bool IsProgrammed(const Instance& instance);
bool IsRunning(const Instance& instance);
bool HasProbe(const Instance& instance);
// True without a probe.
bool ProbeSucceeded(const Instance& instance);
// The provider said that it ended, and nobody asked for another start since.
bool IsStopped(const Instance& instance);
// A provider may have something of it, so it has to be told when that must go.
bool MayBeHeld(const Instance& instance);
bool HasFailed(const Instance& instance);

// The first step that is not yet true: Gated to Ready.
InstancePhase StepOf(const Instance& instance);

// When it must be ready; unset when no start is under way or there is no deadline.
Time StartDue(const Instance& instance, const ClusterConfigSpec& settings);
// When the present lifetime's grace ends; unset without a lifetime.
Time GraceEnd(const Instance& instance, const ClusterConfigSpec& settings);

// The phase at `now`; Deleting and Deleted are not its business.
InstancePhase PhaseAt(const Instance& instance, Time now, const ClusterConfigSpec& settings);

// Sets status.expiresAt and its reason from spec, creation and activity.
void UpdateExpiry(Instance& instance);
// Sets status.networkInterfaces from what the network granted and the provider reported.
void UpdateInterfaces(Instance& instance);

// What a phase waits for, for a user; empty when it waits for nothing.
std::string Awaited(const Instance& instance);

}  // namespace sluice::instance
