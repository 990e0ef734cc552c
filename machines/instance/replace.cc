// Replace, at the source.
#include "machines/instance/replace.h"

#include "events/json.h"
#include "events/sha256.h"
#include "machines/common/sequenced_name.h"

namespace sluice {
namespace {

using instance::kReservationOutcomes;
using instance::kReservations;
using InstanceDraft = Draft<InstanceMachine>;

constexpr const char* kRequestPath = "payload.replacement.request";

void Require(const std::string& text, const std::string& path, FieldErrors& errors) {
  if (text.empty()) errors.Add(path, "is required");
}

void CheckRequest(const ReplacementRequest& request, const EntityKey& self, FieldErrors& errors) {
  const std::string path = kRequestPath;
  if (!request.idempotency_key.empty()) {
    errors.Add(path + ".idempotencyKey", "must be absent: the key is payload.idempotencyKey");
  }
  if (!request.name.empty()) {
    if (request.name == self.name) errors.Add(path + ".name", "is the source's own");
    if (const auto fault = DnsLabelFault(request.name)) errors.Add(path + ".name", *fault);
  }
  if (request.spec && request.spec->lineage) {
    errors.Add(path + ".spec.lineage", "is set by the replacement");
  }
}

FieldErrors FaultsOf(const InstanceReplace& command, const EntityKey& self) {
  FieldErrors errors;
  Require(command.target_revision, "payload.targetRevision", errors);
  Require(command.idempotency_key, "payload.idempotencyKey", errors);
  if (!command.replacement) {
    errors.Add("payload.replacement", "is required");
    return errors;
  }
  const auto& principal = command.replacement->principal;
  Require(principal ? principal->id : "", "payload.replacement.principal.id", errors);
  Require(principal ? principal->type : "", "payload.replacement.principal.type", errors);
  if (!command.replacement->request) {
    errors.Add(kRequestPath, "is required");
  } else {
    CheckRequest(*command.replacement->request, self, errors);
  }
  return errors;
}

// Each part ends in a byte no JSON or name has, so that no two requests read alike.
std::string FingerprintOf(const InstanceReplace& command) {
  const ReplacePrincipal& principal = *command.replacement->principal;
  const auto request = CanonicalJson(ToJson(*command.replacement->request));
  if (!request) throw InvariantViolation("what was written as JSON is none: " + request.error());
  std::string text;
  for (const std::string& part :
       {principal.id, principal.type, command.target_revision, *request}) {
    text += part + '\0';
  }
  return Sha256Hex(text);
}

// The name asked for comes first; then numbered ones, of which no other reservation has any.
std::string NameFor(const ReplaceReservation& reservation, const EntityKey& source,
                    const std::string& key, const std::string& asked_name) {
  if (reservation.names_tried == 0 && !asked_name.empty()) return asked_name;
  std::string prefix = SanitizeLabel(reservation.name_prefix);
  if (prefix.empty()) prefix = source.name;
  return SequencedName(prefix, source.namespace_ + "/" + source.name + "/" + key,
                       reservation.names_tried + 1);
}

void AskReplacement(InstanceDraft& draft, const std::string& key,
                    const ReplaceReservation& reservation, bool replayed) {
  const EntityKey target{"instance", draft.context().self.namespace_, reservation.name};
  const uint64_t outcome =
      draft.SendForOutcome(target, CreateReplacement{.spec = reservation.spec,
                                                     .labels = reservation.labels,
                                                     .annotations = reservation.annotations,
                                                     .replayed = replayed});
  draft.Emit(ReplacementAsked{.idempotency_key = key,
                              .name = reservation.name,
                              .names_tried = reservation.names_tried,
                              .outcome = outcome});
}

void AskBinding(InstanceDraft& draft, const std::string& key, const ReplaceReservation& reservation,
                bool replayed) {
  const EntityKey& self = draft.context().self;
  const uint64_t outcome = draft.SendForOutcome(
      KeyOrDie(reservation.binding),
      ReplaceBound{.source = {.namespace_ = self.namespace_, .name = self.name},
                   .target_revision = reservation.target_revision,
                   .replay = replayed});
  draft.Emit(
      ReplacementAsked{.idempotency_key = key, .name = "", .names_tried = 0, .outcome = outcome});
}

DecideResult Ask(const Instance& instance, const std::string& key,
                 const ReplaceReservation& reservation, bool replayed,
                 const DecideContext& context) {
  InstanceDraft draft(instance, context);
  if (!replayed)
    draft.Emit(ReplacementReserved{.idempotency_key = key, .reservation = reservation});
  if (reservation.binding.empty()) {
    AskReplacement(draft, key, reservation, replayed);
  } else {
    AskBinding(draft, key, reservation, replayed);
  }
  return instance::TakeWithReply(draft);
}

// Nobody's instance passes to another principal by being replaced.
std::optional<Rejection> OwnerFault(const Instance& source,
                                    const std::optional<InstanceOwner>& owner) {
  if (!source.spec->owner || source.spec->owner == owner) return std::nullopt;
  return Rejection::FailedPrecondition(
      "spec.owner", "the source belongs to " + source.spec->owner->id +
                        ", the replacement would belong to " + (owner ? owner->id : "nobody"));
}

// What is to be created for a source that nobody owns; every fault of it at once.
tl::expected<ReplaceReservation, Rejection> Plan(const Instance& source,
                                                 const InstanceReplace& command,
                                                 const EntityKey& self) {
  const ReplacementRequest& request = *command.replacement->request;
  ReplaceReservation plan{
      .fingerprint = FingerprintOf(command),
      .target_revision = command.target_revision,
      .name_prefix = request.name_prefix.empty() ? request.name : request.name_prefix,
      .spec = request.spec.value_or(source.spec),
      .labels = request.labels,
      .annotations = request.annotations};
  const std::string& principal = command.replacement->principal->id;
  const std::optional<InstanceOwner> asked = request.spec ? request.spec->owner : std::nullopt;
  if (asked && !source.spec->owner && asked->id != principal) {
    return Reject(Rejection::FailedPrecondition(
        "spec.owner", "the replacement would belong to " + asked->id + ", not to " + principal));
  }
  plan.spec.owner = asked ? asked : InstanceOwner{.id = principal};
  if (auto fault = OwnerFault(source, plan.spec.owner)) return Reject(*fault);
  plan.spec.lineage = ReplacementLineage{.source_namespace = self.namespace_,
                                         .source_name = self.name,
                                         .idempotency_key = command.idempotency_key,
                                         .target_revision = command.target_revision};
  plan.annotations[kRevisionAnnotation] = command.target_revision;
  FieldErrors of_spec;
  ValidateInstanceSpec(plan.spec, plan.annotations, of_spec);
  FieldErrors errors;
  for (const FieldError& fault : of_spec.faults()) {
    errors.Add(kRequestPath + ("." + fault.path), fault.message);
  }
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  plan.name = NameFor(plan, self, command.idempotency_key, request.name);
  return plan;
}

DecideResult Reserve(const Instance& source, const InstanceReplace& command,
                     const DecideContext& context) {
  const OwnerReference* owner = OwnerOf(source.metadata);
  if (owner && owner->kind != "binding") {
    return Reject(Rejection::FailedPrecondition(
        "metadata.ownerReferences", context.self.ToString() + " belongs to " + OwnerKey(*owner) +
                                        ", which replaces it itself"));
  }
  if (owner) {
    const ReplaceReservation bound{.fingerprint = FingerprintOf(command),
                                   .target_revision = command.target_revision,
                                   .binding = OwnerKey(*owner)};
    return Ask(source, command.idempotency_key, bound, false, context);
  }
  auto plan = Plan(source, command, context.self);
  if (!plan) return Reject(std::move(plan.error()));
  return Ask(source, command.idempotency_key, *plan, false, context);
}

}  // namespace

DecideResult Decide(const Instance& source, const InstanceReplace& command,
                    const DecideContext& context) {
  if (FieldErrors errors = FaultsOf(command, context.self); !errors.empty()) {
    return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  }
  const std::string& key = command.idempotency_key;
  const auto reserved = source.items.Get<ReplaceReservation>(kReservations, key);
  const bool binds = reserved && reserved->state != ReservationState::kRefused;
  const bool same = reserved && reserved->fingerprint == FingerprintOf(command);
  if (binds && !same) {
    return Reject(Rejection::IdempotencyConflict(
        "key " + key + " was used for another replacement of " + context.self.ToString()));
  }
  if (binds) return Ask(source, key, *reserved, true, context);
  if (source.Exists()) return Reserve(source, command, context);
  if (same) return Ask(source, key, *reserved, false, context);
  return Reject(Rejection::NotFound(context.self.ToString() + " does not exist, and key " + key +
                                    " reserves nothing of it"));
}

DecideResult Decide(const Instance& source, const ConfirmReplacement& command,
                    const DecideContext& context) {
  const auto reserved =
      source.items.Get<ReplaceReservation>(kReservations, command.idempotency_key);
  if (!reserved || reserved->name != command.name) {
    return Reject(Rejection::FailedPrecondition("", "no replacement of that name is wanted"));
  }
  InstanceDraft draft(source, context);
  if (reserved->state != ReservationState::kMade) {
    const OwnerReference* owner = source.Exists() ? OwnerOf(source.metadata) : nullptr;
    if (owner && owner->kind != "binding") {
      return Reject(Rejection::FailedPrecondition(
          "metadata.ownerReferences", context.self.ToString() + " belongs to " + OwnerKey(*owner)));
    }
    if (source.Exists()) {
      if (auto fault = OwnerFault(source, command.owner)) return Reject(*fault);
    }
    draft.Emit(ReplacementConfirmed{.idempotency_key = command.idempotency_key});
  }
  const EntityKey& self = context.self;
  draft.Reply(ReplaceAnswered{.source = {.namespace_ = self.namespace_, .name = self.name},
                              .replacement = {.namespace_ = self.namespace_,
                                              .name = command.name,
                                              .target_revision = reserved->target_revision,
                                              .phase = command.phase,
                                              .ready = command.ready},
                              .replayed = command.replayed});
  return draft.Take();
}

DecideResult Decide(const Instance& source, const RefuseReplacementName& command,
                    const DecideContext& context) {
  auto reserved = source.items.Get<ReplaceReservation>(kReservations, command.idempotency_key);
  if (!reserved) return Reject(Rejection::NotFound("no such reservation"));
  InstanceDraft draft(source, context);
  // Two who ask at once hear of one stranger twice: the name has moved on already.
  if (reserved->name == command.name) {
    ++reserved->names_tried;
    reserved->name = NameFor(*reserved, context.self, command.idempotency_key, "");
  }
  AskReplacement(draft, command.idempotency_key, *reserved, command.replayed);
  return instance::TakeWithReply(draft);
}

namespace instance {

Decided TakeWithReply(Draft<InstanceMachine>& draft) {
  Decided decided = draft.Take();
  decided.follow_ups.back().carries_reply = true;
  return decided;
}

std::optional<DecideResult> DecideReplaceOutcome(const Instance& instance, const Outcome& outcome,
                                                 const DecideContext& context) {
  const auto asked =
      instance.items.Get<ReservationOutcome>(kReservationOutcomes, BigEndianKey(outcome.number));
  InstanceDraft draft(instance, context);
  if (asked) {
    const auto reserved =
        instance.items.Get<ReplaceReservation>(kReservations, asked->idempotency_key);
    draft.Emit(ReplacementAskAnswered{.idempotency_key = asked->idempotency_key,
                                      .outcome = outcome.number,
                                      .accepted = outcome.accepted});
    if (outcome.accepted && reserved && !reserved->binding.empty()) {
      draft.Emit(ReplacementConfirmed{.idempotency_key = asked->idempotency_key});
    }
    return draft.Take();
  }
  if (outcome.number == 0 || outcome.number != instance.own.confirm_outcome) return std::nullopt;
  draft.Emit(ReplacementConfirmationAnswered{.accepted = outcome.accepted});
  if (!outcome.accepted && instance.Exists()) {
    draft.Send(context.self, Delete{.expected_uid = instance.metadata->uid});
  }
  return draft.Take();
}

}  // namespace instance
}  // namespace sluice
