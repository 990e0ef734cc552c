#include "machines/network/attachment/attachment.h"

#include "machines/common/names.h"
#include "machines/common/observed.h"
#include "machines/common/retry.h"
#include "machines/network/attachment/attachment_steps.h"

namespace sluice {
namespace {

constexpr std::string_view kNetworkMissing = "NetworkNotFound";

bool IsReleasing(const Attachment& a) {
  return a.step == AttachmentStep::kReleasingAddress ||
         a.step == AttachmentStep::kReleasingBinding || a.step == AttachmentStep::kNone;
}

bool IsWaiting(const Attachment& a) { return !IsReleasing(a) && !IsReady(a); }

bool IsAddressUnderWay(const Attachment& a) {
  return a.step == AttachmentStep::kAddress && !a.retry.next_time.IsSet();
}

void Fail(Attachment& a, std::string_view reason, std::string message) {
  a.failure_reason = reason;
  a.failure_message = std::move(message);
}

void FailAndRetry(Attachment& a, const std::string& reason, const std::string& message,
                  const AttachmentPort& port) {
  Fail(a, kNetworkFailed, reason + ": " + message);
  a.retry = NextRetry(a.retry, port.context().time, port.context().Settings());
}

void SeeBinding(Attachment& a, const Observed& seen, AttachmentPort& port) {
  if (IsGone(seen)) {
    // Deleted by someone else: there is no way on without it. An address that is held stays; where
    // others are to ask for theirs, the way to them is made anew.
    const bool leads_on = IsReady(a) && !a.wants_address;
    if (!(IsWaiting(a) || leads_on) || a.binding_uid != seen.uid) return;
    if (leads_on) {
      a.context.clear();
      a.claim.clear();
      a.subnet.clear();
      a.prefix.clear();
      CreateBinding(a, port);
    } else if (IsAddressUnderWay(a)) {
      // Asked for an address, its subnet answers first: one that was granted is to be given back.
      a.binding_uid.clear();
    } else {
      CreateBinding(a, port);
    }
    return;
  }
  a.binding_uid = seen.uid;
  if (!IsWaiting(a)) return;
  if (seen.ready != ConditionStatus::kTrue) {
    const bool failed = seen.reason == kNetworkFailed || seen.reason == kNetworkMissing;
    if (failed) {
      Fail(a, seen.reason, seen.message);
    } else if (!a.retry.next_time.IsSet()) {
      ClearFailure(a);
    }
    return;
  }
  const auto* detail = seen.detail.As<NetworkBindingDetail>();
  if (!a.retry.next_time.IsSet()) ClearFailure(a);
  if (a.step != AttachmentStep::kBinding || !detail || detail->context.empty()) return;
  a.context = detail->context;
  AskClaim(a, "", port);
}

void SeeClaim(Attachment& a, const Observed& seen, AttachmentPort& port) {
  if (a.step != AttachmentStep::kSubnet) return;
  if (IsGone(seen)) {
    a.claim.clear();
    if (!a.context.empty()) AskClaim(a, "", port);
    return;
  }
  const auto* detail = seen.detail.As<SubnetClaimDetail>();
  if (!detail) return;
  if (seen.ready != ConditionStatus::kTrue || detail->subnet.empty()) {
    if (!detail->failure_reason.empty()) {
      Fail(a, kNetworkFailed, detail->failure_reason + ": " + detail->failure_message);
    } else {
      ClearFailure(a);
    }
    return;
  }
  ClearFailure(a);
  a.subnet = detail->subnet;
  a.prefix = detail->prefix;
  if (a.wants_address) {
    AskAddress(a, port);
  } else {
    Finish(a, port);
  }
}

}  // namespace

std::string AttachmentBindingName(std::string_view owner, uint32_t interface) {
  return DerivedName({std::string(owner), "net", std::to_string(interface)});
}

void BeginAttachment(Attachment& a, AttachmentPort& port) {
  if (!a.subnet.empty()) return AskAddress(a, port);
  if (!a.claim.empty()) return WatchClaim(a, port);
  if (!a.context.empty()) return AskClaim(a, "", port);
  CreateBinding(a, port);
}

bool AdvanceAttachment(Attachment& a, const Observed& seen, AttachmentPort& port) {
  const Attachment before = a;
  if (!a.binding.empty() && seen.subject == BindingKey(a, port).ToString()) {
    SeeBinding(a, seen, port);
  } else if (!a.claim.empty() && seen.subject == SubnetClaimKey(a, port).ToString()) {
    SeeClaim(a, seen, port);
  }
  return !(a == before);
}

bool AdvanceAttachment(Attachment& a, const Outcome& outcome, AttachmentPort& port) {
  if (a.outcome == 0 || outcome.number != a.outcome) return false;
  a.outcome = 0;
  if (a.delete_sent) {
    // Gone, or another's by now.
    a.delete_sent = false;
    a.step = AttachmentStep::kNone;
    return true;
  }
  if (outcome.accepted) a.binding_uid = outcome.uid;
  if (a.step == AttachmentStep::kReleasingBinding) ReleaseBinding(a, port);
  if (outcome.accepted) return true;
  if (a.step != AttachmentStep::kBinding) return true;
  const std::string hashed =
      DerivedNameWithHash({port.self().name, "net", std::to_string(a.interface)});
  if (outcome.code == "AlreadyExists" && a.binding != hashed) {
    a.binding = hashed;
    CreateBinding(a, port);
  } else {
    FailAndRetry(a, outcome.code, outcome.message, port);
  }
  return true;
}

bool AdvanceAttachment(Attachment& a, const ClaimEnsured& answer, AttachmentPort& port) {
  if (a.step != AttachmentStep::kClaim || answer.interface != a.interface ||
      answer.context != a.context) {
    return false;
  }
  a.claim = answer.claim;
  a.retry = {};
  ClearFailure(a);
  WatchClaim(a, port);
  return true;
}

bool AdvanceAttachment(Attachment& a, const ClaimRefused& answer, AttachmentPort& port) {
  if (a.step != AttachmentStep::kClaim || answer.interface != a.interface ||
      answer.context != a.context) {
    return false;
  }
  FailAndRetry(a, answer.reason, answer.message, port);
  return true;
}

bool AdvanceAttachment(Attachment& a, const AddressGranted& answer, AttachmentPort& port) {
  if (a.step != AttachmentStep::kAddress || answer.interface != a.interface ||
      answer.subnet != a.subnet) {
    return false;
  }
  a.address = answer.address;
  a.prefix = answer.prefix;
  a.gateway = answer.gateway;
  Finish(a, port);
  return true;
}

bool AdvanceAttachment(Attachment& a, const AddressRefused& answer, AttachmentPort& port) {
  if (a.step != AttachmentStep::kAddress || answer.interface != a.interface ||
      answer.subnet != a.subnet) {
    return false;
  }
  if (!a.binding.empty() && a.binding_uid.empty()) {
    // It went meanwhile.
    CreateBinding(a, port);
  } else if (answer.reason == "AddressPoolExhausted" && !a.context.empty()) {
    UnwatchClaim(a, port);
    // A subnet has the name of its claim.
    std::string exhausted = std::exchange(a.claim, "");
    if (exhausted.empty()) exhausted = a.subnet;
    a.subnet.clear();
    AskClaim(a, exhausted, port);
  } else {
    FailAndRetry(a, answer.reason, answer.message, port);
  }
  return true;
}

bool AdvanceAttachment(Attachment& a, const AddressReleased& answer, AttachmentPort& port) {
  if (a.step != AttachmentStep::kReleasingAddress || answer.interface != a.interface ||
      answer.subnet != a.subnet) {
    return false;
  }
  a.address.clear();
  ReleaseBinding(a, port);
  return true;
}

bool AdvanceAttachment(Attachment& a, const TimerDue&, AttachmentPort& port) {
  if (!IsWaiting(a) || !a.retry.next_time.IsSet() || port.context().time < a.retry.next_time) {
    return false;
  }
  a.retry.next_time = Time{};
  if (a.step == AttachmentStep::kBinding) {
    CreateBinding(a, port);
  } else if (a.step == AttachmentStep::kAddress && a.context.empty()) {
    AskAddress(a, port);
  } else if (a.step == AttachmentStep::kAddress) {
    // The subnet may have gone and another have come: the context knows.
    UnwatchClaim(a, port);
    a.claim.clear();
    a.subnet.clear();
    AskClaim(a, "", port);
  } else if (a.step == AttachmentStep::kClaim) {
    AskClaim(a, "", port);
  }
  return true;
}

bool ReleaseAttachment(Attachment& a, AttachmentPort& port) {
  if (IsReleasing(a)) return false;
  const bool has_address = a.wants_address && (a.step == AttachmentStep::kAddress || IsReady(a));
  if (!IsReady(a)) UnwatchClaim(a, port);
  a.retry = {};
  ClearFailure(a);
  if (has_address) {
    GiveBackAddress(a, port);
  } else {
    ReleaseBinding(a, port);
  }
  return true;
}

}  // namespace sluice
