// What a deployment hears: of its instances, of locations, of its networks.
#include "machines/common/observed.h"
#include "machines/common/retry.h"
#include "machines/deployment/members.h"
#include "machines/deployment/pool/pool.h"
#include "machines/instance/instance.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

using deployment::FindMember;

std::string InstanceName(const std::string& subject) {
  const EntityKey key = KeyOrDie(subject);
  return key.kind == InstanceMachine::kName ? key.name : "";
}

bool IsOurs(const Observed& seen, const InstanceDetail& detail, const DeploymentDraft& draft) {
  return detail.owner && OwnerKey(*detail.owner) == draft.context().self.ToString() &&
         detail.owner->uid == draft->metadata.uid && !seen.uid.empty();
}

// The member as it says it is; what was asked of it stays.
DeploymentMember Seen(DeploymentMember member, const Observed& seen, const InstanceDetail& detail) {
  member.uid = seen.uid;
  member.seen_hash = detail.template_hash;
  member.ready = seen.ready == ConditionStatus::kTrue;
  member.programmed = detail.programmed;
  const bool failed = seen.phase == "Failed";
  member.failed = failed || detail.server_failed;
  member.terminal = failed || seen.phase == "Stopped" || seen.phase == "Expired";
  member.deleting = member.deleting || seen.phase == "Deleting";
  member.health = detail.health;
  member.network_gate = false;
  member.other_gates = false;
  for (const std::string& gate : detail.gates) {
    (gate == kNetworkGate ? member.network_gate : member.other_gates) = true;
  }
  member.reason = member.ready ? "" : seen.reason;
  member.message = member.ready ? "" : seen.message;
  return member;
}

// A failure makes the next one wait longer, a success is the end of that.
void KeepRetry(DeploymentDraft& draft, uint64_t ordinal, const DeploymentMember& before,
               const DeploymentMember& after) {
  const bool pool = deployment::IsPool(draft->spec);
  if (pool) {
    ordinal = deployment::kPoolBackOff;
    // Those that were ready all along are no success of a new one.
    if (deployment::IsReady(after) && deployment::IsReady(before)) return;
  }
  OrdinalItem item = deployment::OrdinalOf(draft.state(), ordinal);
  const OrdinalItem present = item;
  if (after.terminal && !before.terminal && !after.deleting) {
    item.retry = NextRetry(item.retry, draft.now(), draft.context().Settings());
    item.reason = after.reason;
    item.message = after.message;
  } else if (deployment::IsReady(after)) {
    item = {.taken = item.taken};
  }
  if (!(item == present)) draft.Emit(OrdinalChanged{.ordinal = ordinal, .item = std::move(item)});
}

DecideResult SeeInstance(DeploymentDraft& draft, const Observed& seen, const std::string& name) {
  const auto ordinal = deployment::OrdinalNamed(draft.state(), name);
  if (!ordinal) return Ignore();
  const DeploymentMember member = *FindMember(draft.state(), *ordinal);
  if (!member.uid.empty() && seen.uid != member.uid) return Ignore();
  if (IsGone(seen)) {
    if (member.uid.empty()) return Ignore();
    draft.Emit(MemberGone{.ordinal = *ordinal});
    DeploymentMachine::Settle(draft);
    return draft.Take();
  }
  const auto* detail = seen.detail.As<InstanceDetail>();
  if (!detail || !IsOurs(seen, *detail, draft)) return Ignore();
  DeploymentMember now = Seen(member, seen, *detail);
  if (now == member) return Ignore();
  KeepRetry(draft, *ordinal, member, now);
  draft.Emit(MemberChanged{.ordinal = *ordinal, .member = std::move(now)});
  DeploymentMachine::Settle(draft);
  return draft.Take();
}

DecideResult SeeLocations(DeploymentDraft& draft, const Observed& seen) {
  if (draft->IsDeleting() || !draft->own.observes_locations) return Ignore();
  LocationSearch search = draft->own.search;
  const auto* detail = seen.detail.As<RegistryDetail>();
  search.version = detail ? detail->version : 0;
  search.locations = detail ? detail->members : 0;
  search.answered = search.answered && search.version == draft->own.search.version;
  // A namespace without a registry has no locations: that is an answer, too.
  if (IsGone(seen)) search.answered = true;
  if (search == draft->own.search) return Ignore();
  draft.Emit(LocationSearchChanged{.search = search, .observes = true});
  DeploymentMachine::Settle(draft);
  return draft.Take();
}

// Of a Create, which makes an instance or changes one.
DecideResult SeeOutcome(DeploymentDraft& draft, const Outcome& outcome, uint64_t ordinal) {
  DeploymentMember member = *FindMember(draft.state(), ordinal);
  if (outcome.accepted) {
    // Accepted without a change. One that is known has told of itself already, in more detail.
    if (!member.uid.empty()) return Ignore();
    member.uid = outcome.uid;
    draft.Emit(MemberChanged{.ordinal = ordinal, .member = std::move(member)});
    DeploymentMachine::Settle(draft);
    return draft.Take();
  }
  const bool pool = deployment::IsPool(draft->spec);
  const uint64_t kept = pool ? deployment::kPoolBackOff : ordinal;
  OrdinalItem item = deployment::OrdinalOf(draft.state(), kept);
  const bool is_new = member.uid.empty();
  if (!is_new && outcome.code == "NotFound") return Ignore();  // It is about to tell.
  if (is_new && outcome.code == "AlreadyExists") {
    // A pool goes on with the next number.
    if (!pool) ++item.taken;
  } else {
    item.retry = NextRetry(item.retry, draft.now(), draft.context().Settings());
    item.reason = outcome.code;
    item.message = outcome.message;
  }
  if (is_new) {
    draft.Emit(MemberGone{.ordinal = ordinal});
  } else {
    member.sent_hash = member.seen_hash;
    draft.Emit(MemberChanged{.ordinal = ordinal, .member = std::move(member)});
  }
  draft.Emit(OrdinalChanged{.ordinal = kept, .item = std::move(item)});
  DeploymentMachine::Settle(draft);
  return draft.Take();
}

}  // namespace

DecideResult Decide(const Deployment& state, const Observed& seen, const DecideContext& context) {
  DeploymentDraft draft(state, context);
  if (const std::string name = InstanceName(seen.subject); !name.empty()) {
    return SeeInstance(draft, seen, name);
  }
  if (seen.subject == LocationsRegistry(context.self.namespace_).ToString()) {
    return SeeLocations(draft, seen);
  }
  return DecideForAttachments<DeploymentMachine>(state, seen, context).value_or(Ignore());
}

DecideResult Decide(const Deployment& state, const Outcome& outcome, const DecideContext& context) {
  DeploymentDraft draft(state, context);
  const std::string name = context.sender.empty() ? "" : InstanceName(context.sender);
  if (name.empty()) {
    return DecideForAttachments<DeploymentMachine>(state, outcome, context).value_or(Ignore());
  }
  const auto ordinal = deployment::OrdinalNamed(state, name);
  if (!ordinal || FindMember(state, *ordinal)->outcome != outcome.number) return Ignore();
  return SeeOutcome(draft, outcome, *ordinal);
}

DecideResult Decide(const Deployment& state, const ContinueDeployment&,
                    const DecideContext& context) {
  DeploymentDraft draft(state, context);
  if (state.own.continuing) draft.Emit(DeploymentContinuation{.under_way = false});
  DeploymentMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Deployment& state, const TimerDue& timer, const DecideContext& context) {
  return DecideTimer<DeploymentMachine>(state, timer, context);
}

}  // namespace sluice
