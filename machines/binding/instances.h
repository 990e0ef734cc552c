// What a binding knows and says of its instances.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "machines/binding/binding.h"

namespace sluice::binding {

// What an instance of this binding is made from: the template's spec, with the template's owner
// where the spec names none.
InstanceSpec WantedSpec(const BindingTemplate& from);
Hash128 WantedHash(const BindingTemplate& from);

// <prefix>-<12 hex of SHA-256(bindingKey)>-<sequence>: at most 63 characters, and never without its
// sequence.
std::string InstanceName(const BindingSpec& spec, uint64_t sequence);

EntityKey KeyOf(const BoundInstance& instance);
EntityKey KeyOf(const AdoptActive& wanted);
// "ns/name"
std::string PathOf(const BoundInstance& instance);
// "instance ns/name"
std::string Describe(const BoundInstance& instance);
// "phase Running: reason: message", as far as known.
std::string DescribeView(const InstanceView& view);

// Its spec is what the template says and its revision the wanted one.
bool MatchesTarget(const Binding& binding, const BoundInstance& instance);
bool IsReady(const BoundInstance& instance);
// The active one is to be replaced (rule 8).
bool NeedsRollout(const Binding& binding);
// The active one, the candidate or one in cleanup of that name; nullptr if there is none.
const BoundInstance* FindInstance(const Binding& binding, const EntityKey& key);

// Asks for its creation and returns the outcome's number.
uint64_t RequestCreation(BindingDraft& draft, const EntityKey& instance,
                         const std::string& revision);
// Labels and annotations of one that this binding did not create.
void Introduce(BindingDraft& draft, const BoundInstance& adopted);
// Keeps the annotation `sluice.dev/binding-instance-role` up to date.
void TellRole(BindingDraft& draft, const BoundInstance& instance, std::string_view role);
// Makes it say what it is now.
void LookAt(BindingDraft& draft, const EntityKey& instance);

// The observation as a binding keeps it. `known_uid` is empty while the instance is unconfirmed.
InstanceView ViewOf(const Observed& observed, const EntityKey& self, const std::string& known_uid);
// Whether the instance says that `self` owns it.
bool SaysOwnedBy(const Observed& observed, const EntityKey& self);

}  // namespace sluice::binding
