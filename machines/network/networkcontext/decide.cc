#include "machines/common/generic_commands.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/programming.h"
#include "machines/network/networkcontext/networkcontext.h"

namespace sluice {
namespace {

using M = NetworkContextMachine;

}  // namespace

DecideResult Decide(const NetworkContext& context, const Delete& command,
                    const DecideContext& decide) {
  return DecideDelete<M>(context, command, decide);
}

DecideResult Decide(const NetworkContext& context, const TimerDue& timer,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (timer.id == kRetryTimer) EndRetryWait(draft);
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const NetworkContext& context, const AcquirePrefix& command,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  const std::string block = context.Exists() ? HeldPrefix(context.own.holds, command.family) : "";
  if (!context.Exists() || context.IsDeleting()) {
    RefuseAcquire(draft, command, "NetworkContextNotFound",
                  decide.self.ToString() + " does not exist or is being deleted");
  } else if (block.empty()) {
    RefuseAcquire(draft, command, "NetworkContextNotReady",
                  decide.self.ToString() + " has no " + command.family + " prefix");
  } else {
    AnswerAcquire(draft, command, {*Prefix::Parse(block)}, /*anywhere=*/false);
  }
  return draft.Take();
}

DecideResult Decide(const NetworkContext& context, const ReleasePrefix& command,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (context.Exists() && ReleaseClaim(draft, command.claim) && context.IsDeleting()) {
    M::Settle(draft);
  }
  return draft.Take();
}

DecideResult Decide(const NetworkContext& context, const PrefixGranted& answer,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (context.IsDeleting() || !TakeGrant(draft, answer)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const NetworkContext& context, const PrefixRefused& answer,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (context.IsDeleting() || !TakeRefusal(draft, answer)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const NetworkContext& context, const NetworkReportProgrammed& report,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (context.IsDeleting() || !TakeReport(draft, report)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
