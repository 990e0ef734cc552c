// The reverse edge, on the instance's side: servers whose tag names it claim it, and it decides
// which of them has it.
#include "machines/common/observed.h"
#include "machines/instance/server_rules.h"
#include "machines/server/server.h"

namespace sluice {
namespace {

using InstanceDraft = Draft<InstanceMachine>;

const ServerClaim* FindClaim(const Instance& instance, const std::string& server) {
  for (const ServerClaim& claim : instance.own.backing->claims) {
    if (claim.server == server) return &claim;
  }
  return nullptr;
}

// The attempt of ours that it answers; 0 for a stranger, and for one that says what cannot be.
uint32_t MadeFor(const Instance& instance, const ReportServer& server) {
  const bool ours = server.uid == instance.metadata->uid && server.attempt > 0;
  return ours && server.attempt <= instance.own.backing->attempt ? server.attempt : 0;
}

void Answer(InstanceDraft& draft, const std::string& server, ServerClaimVerdict verdict) {
  draft.Send(KeyOrDie(server), ServerClaimAnswered{.verdict = verdict,
                                                   .instance_uid = draft->metadata->uid,
                                                   .holder = draft->own.backing->holder});
}

void Drop(InstanceDraft& draft, const std::string& server) {
  if (!FindClaim(draft.state(), server)) return;
  draft.Emit(ServerClaimDropped{.server = server});
  ElectHolder(draft);
  InstanceMachine::Settle(draft);
}

bool Takes(const Instance& instance, const ReportServer& server, const std::string& claimant) {
  if (!instance.Exists() || !instance::IsServerBacked(instance)) return false;
  return !instance.IsDeleting() || server.uid == instance.metadata->uid ||
         FindClaim(instance, claimant);
}

}  // namespace

void ElectHolder(InstanceDraft& draft) {
  const std::string former = draft->own.backing->holder;
  const std::string best = instance::BestClaim(draft.state());
  if (best == former) return;
  const bool to_be_off = draft->own.stop_wanted && !draft->IsDeleting();
  draft.Emit(ServerHolderChanged{.server = best, .former = former});
  // An instance that is to be off is off with another server, too.
  if (to_be_off && !draft->own.stop_wanted) draft.Emit(InstanceStopAsked{});
  const std::string self = draft.context().self.ToString();
  if (!former.empty()) draft.Send(KeyOrDie(former), Unobserve{.observer = self});
  if (FindClaim(draft.state(), former)) Answer(draft, former, ServerClaimVerdict::kDuplicate);
  if (best.empty()) return;
  draft.Send(KeyOrDie(best), Observe{.observer = self});
  Answer(draft, best, ServerClaimVerdict::kGranted);
}

void DropClaims(InstanceDraft& draft) {
  const std::string holder = draft->own.backing->holder;
  const std::vector<ServerClaim> claims = draft->own.backing->claims;
  if (!holder.empty()) {
    draft.Send(KeyOrDie(holder), Unobserve{.observer = draft.context().self.ToString()});
  }
  for (const ServerClaim& claim : claims) {
    draft.Emit(ServerClaimDropped{.server = claim.server});
    Answer(draft, claim.server, ServerClaimVerdict::kAbsent);
  }
}

// Also decided for an instance that does not exist (any more): the server then goes on watching.
DecideResult Decide(const Instance& instance, const ClaimInstance& claim,
                    const DecideContext& context) {
  const std::string& server = context.sender;
  InstanceDraft draft(instance, context);
  if (!Takes(instance, claim.reported, server)) {
    Answer(draft, server, ServerClaimVerdict::kAbsent);
    return draft.Take();
  }
  const uint32_t made = MadeFor(instance, claim.reported);
  const ServerClaim* known = FindClaim(instance, server);
  if (!known && made == 0 && instance.own.backing->claims.size() >= kClaimsMax) {
    Answer(draft, server, ServerClaimVerdict::kFull);
    return draft.Take();
  }
  if (!known || known->made != made) {
    draft.Emit(ServerClaimKept{.claim = {.server = server, .made = made}});
  }
  ElectHolder(draft);
  if (draft->own.backing->holder != server) {
    Answer(draft, server, ServerClaimVerdict::kDuplicate);
  } else {
    if (instance.own.backing->holder == server) Answer(draft, server, ServerClaimVerdict::kGranted);
    SeeReport(draft, claim.reported);
  }
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const ReleaseInstance&,
                    const DecideContext& context) {
  // Asked to be deleted, the one that was made for it is still that, whatever its tag says now.
  const ServerClaim* claim = FindClaim(instance, context.sender);
  if (claim && claim->made != 0 && instance.IsDeleting()) return NoChange();
  InstanceDraft draft(instance, context);
  Drop(draft, context.sender);
  return draft.Take();
}

DecideResult SeeServer(const Instance& instance, const Observed& seen,
                       const DecideContext& context) {
  if (seen.subject != instance.own.backing->holder) return Ignore();
  InstanceDraft draft(instance, context);
  const auto* server = seen.detail.As<ServerDetail>();
  if (IsGone(seen) || !server) {
    Drop(draft, seen.subject);
    return draft.Take();
  }
  const ReportServer* known = instance::HeldServer(instance);
  // Steps in between may be skipped, but none is seen after a later one.
  if (known && server->reported.resource_version <= known->resource_version) return NoChange();
  SeeReport(draft, server->reported);
  InstanceMachine::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
