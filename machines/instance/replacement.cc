// A replacement: made for its source, and gone again when that no longer wants it.
#include "machines/common/conditions.h"
#include "machines/instance/replace.h"
#include "machines/instance/rules.h"

namespace sluice {
namespace {

EntityKey SourceOf(const ReplacementLineage& lineage) {
  return {"instance", lineage.source_namespace, lineage.source_name};
}

ConfirmReplacement ConfirmationOf(const Instance& instance, bool replayed) {
  return {.idempotency_key = instance.spec->lineage->idempotency_key,
          .name = instance.metadata->name,
          .owner = instance.spec->owner,
          .phase = std::string(ToString(instance.status.phase)),
          .ready = IsTrue(instance.status.conditions, "Ready"),
          .replayed = replayed};
}

// It exists: asked for by the same reservation it says so, a stranger sends the source to the next
// name.
DecideResult AnswerAsked(const Instance& instance, const CreateReplacement& command,
                         const DecideContext& context) {
  const ReplacementLineage& lineage = *command.spec.lineage;
  Draft<InstanceMachine> draft(instance, context);
  if (instance.spec->lineage != lineage) {
    draft.SendForReply(SourceOf(lineage),
                       RefuseReplacementName{.idempotency_key = lineage.idempotency_key,
                                             .name = context.self.name,
                                             .replayed = command.replayed});
    return draft.Take();
  }
  if (instance.IsDeleting()) {
    return Reject(Rejection::Deleting(context.self.ToString() +
                                      " is being deleted; ask again when it is gone"));
  }
  draft.SendForReply(SourceOf(lineage), ConfirmationOf(instance, command.replayed));
  return draft.Take();
}

}  // namespace

DecideResult Decide(const Instance& instance, const CreateReplacement& command,
                    const DecideContext& context) {
  if (!command.spec.lineage) {
    return Reject(Rejection::InvalidArgument("payload.spec.lineage", "is required"));
  }
  if (instance.Exists()) return AnswerAsked(instance, command, context);
  FieldErrors errors;
  ValidateKey(context.self, errors);
  ValidateInstanceSpec(command.spec, command.annotations, errors);
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  InstanceSpec spec = command.spec;
  instance::GateOnNetwork(spec);
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(InstanceCreated{.uid = UidFromOrigin(context.origin),
                             .labels = command.labels,
                             .annotations = command.annotations,
                             .owner = std::nullopt,
                             .spec = std::move(spec)});
  InstanceMachine::Settle(draft);
  const uint64_t outcome = draft.SendForOutcome(SourceOf(*command.spec.lineage),
                                                ConfirmationOf(draft.state(), command.replayed));
  draft.Emit(ReplacementConfirmationAsked{.outcome = outcome});
  return instance::TakeWithReply(draft);
}

}  // namespace sluice
