#include "machines/network/attachment/attachment_steps.h"

namespace sluice {
namespace {

EntityKey KeyOf(const AttachmentPort& port, std::string kind, const std::string& name) {
  return {std::move(kind), port.self().namespace_, name};
}
EntityKey ContextKey(const Attachment& a, const AttachmentPort& port) {
  return KeyOf(port, "networkcontext", a.context);
}
EntityKey SubnetKey(const Attachment& a, const AttachmentPort& port) {
  return KeyOf(port, "subnet", a.subnet);
}

}  // namespace

EntityKey BindingKey(const Attachment& a, const AttachmentPort& port) {
  return KeyOf(port, "networkbinding", a.binding);
}

EntityKey SubnetClaimKey(const Attachment& a, const AttachmentPort& port) {
  return KeyOf(port, "subnetclaim", a.claim);
}

void ClearFailure(Attachment& a) {
  a.failure_reason.clear();
  a.failure_message.clear();
}

void CreateBinding(Attachment& a, AttachmentPort& port) {
  NetworkBindingCreate create;
  create.spec.network.name = a.network;
  create.spec.location.name = a.location;
  create.owner = OwnerReference{.kind = port.self().kind,
                                .namespace_ = port.self().namespace_,
                                .name = port.self().name,
                                .uid = port.uid()};
  a.step = AttachmentStep::kBinding;
  a.binding_uid.clear();
  a.retry.next_time = Time{};
  a.outcome = port.SendForOutcome(BindingKey(a, port), AnyTable::Of(std::move(create)));
}

void AskClaim(Attachment& a, const std::string& exhausted, AttachmentPort& port) {
  a.step = AttachmentStep::kClaim;
  a.retry.next_time = Time{};
  port.Send(ContextKey(a, port), AnyTable::Of(EnsureClaim{.requester = port.self().ToString(),
                                                          .interface = a.interface,
                                                          .subnet_class = "",
                                                          .ip_family = a.ip_family,
                                                          .exhausted = exhausted}));
}

void WatchClaim(Attachment& a, AttachmentPort& port) {
  a.step = AttachmentStep::kSubnet;
  port.Send(SubnetClaimKey(a, port), AnyTable::Of(Observe{.observer = port.self().ToString()}));
}

void UnwatchClaim(Attachment& a, AttachmentPort& port) {
  if (a.claim.empty()) return;
  port.Send(SubnetClaimKey(a, port), AnyTable::Of(Unobserve{.observer = port.self().ToString()}));
}

void AskAddress(Attachment& a, AttachmentPort& port) {
  a.step = AttachmentStep::kAddress;
  a.retry.next_time = Time{};
  port.Send(SubnetKey(a, port), AnyTable::Of(AcquireAddress{.holder = port.uid(),
                                                            .requester = port.self().ToString(),
                                                            .interface = a.interface}));
}

void Finish(Attachment& a, AttachmentPort& port) {
  a.step = AttachmentStep::kReady;
  a.retry = {};
  ClearFailure(a);
  UnwatchClaim(a, port);
}

void GiveBackAddress(Attachment& a, AttachmentPort& port) {
  a.step = AttachmentStep::kReleasingAddress;
  port.Send(SubnetKey(a, port), AnyTable::Of(ReleaseAddress{.holder = port.uid(),
                                                            .requester = port.self().ToString(),
                                                            .interface = a.interface}));
}

void ReleaseBinding(Attachment& a, AttachmentPort& port) {
  a.step = AttachmentStep::kReleasingBinding;
  if (a.outcome != 0) return;
  if (a.binding_uid.empty()) {
    a.step = AttachmentStep::kNone;
    return;
  }
  a.delete_sent = true;
  a.outcome =
      port.SendForOutcome(BindingKey(a, port), AnyTable::Of(Delete{.expected_uid = a.binding_uid}));
}

}  // namespace sluice
