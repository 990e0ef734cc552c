// What an entity with network interfaces (an instance; a deployment) does to get them: per
// interface binding -> context -> claim -> subnet -> address, and all of it back in the opposite
// order.
//
// Pure, like a decide: functions take an Attachment (events/schema/network.fbs), what came in, and
// a port to send by; they change the attachment and say whether they did. The machine keeps its
// attachments in a vector, records each change as AttachmentChanged, and arms a timer for
// NextAttachmentRetry. The templates at the end do that for a Draft:
//
//   own:       attachments:[Attachment]
//   Commands:  ClaimEnsured, ClaimRefused, AddressGranted, AddressRefused, AddressReleased
//   Events:    AttachmentChanged, with
//              void Evolve(State& state, const AttachmentChanged& event) {
//                PutAttachment(state.own.attachments, event.attachment);
//              }
//   Decide for each of those commands, Observed and Outcome: DecideForAttachments; and for the
//   timer: DecideTimer.
//
// An instance of a deployment fills in context and subnet itself. With a subnet it asks that for an
// address, with a claim that for its subnet, with a context that for a claim; with a binding name
// it makes the binding first.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "events/network.gen.h"
#include "machines/common/context.h"
#include "machines/common/draft.h"

namespace sluice {

// By which an attachment's owner speaks to other entities. One per decision.
class AttachmentPort {
 public:
  AttachmentPort(const DecideContext& context, std::string uid)
      : context_(context), uid_(std::move(uid)) {}
  virtual ~AttachmentPort() = default;

  const EntityKey& self() const { return context_.self; }
  const std::string& uid() const { return uid_; }  // of the owner
  const DecideContext& context() const { return context_; }

  virtual void Send(const EntityKey& target, AnyTable command) = 0;
  virtual uint64_t SendForOutcome(const EntityKey& target, AnyTable command) = 0;

 private:
  const DecideContext& context_;
  std::string uid_;
};

// `<owner>-net-<interface>`, as a derived name.
std::string AttachmentBindingName(std::string_view owner, uint32_t interface);

// The first step of an attachment in step None whose interface, network, location, wants_address
// and one of binding, context, claim, subnet are set.
void BeginAttachment(Attachment& attachment, AttachmentPort& port);

// One step further. False when it is not this attachment's, or changes nothing.
bool AdvanceAttachment(Attachment& attachment, const Observed& seen, AttachmentPort& port);
bool AdvanceAttachment(Attachment& attachment, const Outcome& outcome, AttachmentPort& port);
bool AdvanceAttachment(Attachment& attachment, const ClaimEnsured& answer, AttachmentPort& port);
bool AdvanceAttachment(Attachment& attachment, const ClaimRefused& answer, AttachmentPort& port);
bool AdvanceAttachment(Attachment& attachment, const AddressGranted& answer, AttachmentPort& port);
bool AdvanceAttachment(Attachment& attachment, const AddressRefused& answer, AttachmentPort& port);
bool AdvanceAttachment(Attachment& attachment, const AddressReleased& answer, AttachmentPort& port);
// What failed is tried again once its time has come.
bool AdvanceAttachment(Attachment& attachment, const TimerDue& timer, AttachmentPort& port);

// Gives everything back: the address first, then the binding. Again is no change.
bool ReleaseAttachment(Attachment& attachment, AttachmentPort& port);

inline bool IsReady(const Attachment& a) { return a.step == AttachmentStep::kReady; }
inline bool IsReleased(const Attachment& a) { return a.step == AttachmentStep::kNone; }

inline constexpr std::string_view kNetworkFailed = "NetworkFailedToCreate";
struct AttachmentFailure {
  std::string reason;  // this, or NetworkNotFound
  std::string message;
};
// The worst failure among them, NetworkFailedToCreate before NetworkNotFound; of several the first
// interface's.
std::optional<AttachmentFailure> FailureOf(const std::vector<Attachment>& attachments);
// All ready; none at all is ready, too.
bool AllReady(const std::vector<Attachment>& attachments);
bool AllReleased(const std::vector<Attachment>& attachments);
// When AdvanceAttachment(TimerDue) has something to do next; unset for never.
Time NextAttachmentRetry(const std::vector<Attachment>& attachments);

// Replaces the one of that interface, or appends.
void PutAttachment(std::vector<Attachment>& attachments, const Attachment& attachment);

// --- For a machine's Draft
// -------------------------------------------------------------------------

inline constexpr const char* kAttachmentTimer = "attachments";

template <class M>
class DraftPort final : public AttachmentPort {
 public:
  explicit DraftPort(Draft<M>& draft)
      : AttachmentPort(draft.context(), draft->metadata_part().uid), draft_(draft) {}
  void Send(const EntityKey& target, AnyTable command) override {
    draft_.SendAny(target, std::move(command));
  }
  uint64_t SendForOutcome(const EntityKey& target, AnyTable command) override {
    return draft_.SendAnyForOutcome(target, std::move(command));
  }

 private:
  Draft<M>& draft_;
};

// Arms the retry timer for what `attachments` wait for, or disarms it. After every change.
template <class M>
void ArmAttachmentTimer(Draft<M>& draft, const std::vector<Attachment>& attachments) {
  draft.Arm(kAttachmentTimer, NextAttachmentRetry(attachments));
}

// Begins `attachment` and records it.
template <class M>
void AddAttachment(Draft<M>& draft, Attachment attachment) {
  DraftPort<M> port(draft);
  BeginAttachment(attachment, port);
  draft.Emit(AttachmentChanged{.attachment = std::move(attachment)});
}

// Shows `command` to each of `attachments` (a copy: the draft changes) and records what changed.
// True when anything did.
template <class M, class Command>
bool AdvanceAttachments(Draft<M>& draft, std::vector<Attachment> attachments,
                        const Command& command) {
  DraftPort<M> port(draft);
  bool changed = false;
  for (Attachment& attachment : attachments) {
    if (!AdvanceAttachment(attachment, command, port)) continue;
    draft.Emit(AttachmentChanged{.attachment = attachment});
    changed = true;
  }
  if (changed) ArmAttachmentTimer(draft, attachments);
  return changed;
}

// What the network plane answers to who has attachments.
template <class T>
concept AttachmentAnswer = std::is_same_v<T, ClaimEnsured> || std::is_same_v<T, ClaimRefused> ||
    std::is_same_v<T, AddressGranted> || std::is_same_v<T, AddressRefused> ||
    std::is_same_v<T, AddressReleased>;

// Shows `command` to a machine's attachments and settles it when one of them changed; nullopt when
// none did, and nothing follows.
template <class M, class Command>
std::optional<Decided> DecideForAttachments(const typename M::State& state, const Command& command,
                                            const DecideContext& context) {
  Draft<M> draft(state, context);
  if (!AdvanceAttachments(draft, draft->own.attachments, command)) return std::nullopt;
  M::Settle(draft);
  return draft.Take();
}

// A timer of the machine's, which may be that of its attachments.
template <class M>
Decided DecideTimer(const typename M::State& state, const TimerDue& timer,
                    const DecideContext& context) {
  Draft<M> draft(state, context);
  if (timer.id == kAttachmentTimer) AdvanceAttachments(draft, draft->own.attachments, timer);
  M::Settle(draft);
  return draft.Take();
}

// Releases all of `attachments` and records what changed.
template <class M>
void ReleaseAttachments(Draft<M>& draft, std::vector<Attachment> attachments) {
  DraftPort<M> port(draft);
  for (Attachment& attachment : attachments) {
    if (ReleaseAttachment(attachment, port)) {
      draft.Emit(AttachmentChanged{.attachment = attachment});
    }
  }
  ArmAttachmentTimer(draft, attachments);
}

}  // namespace sluice
