// What the owner of several attachments asks of all of them.
#include "machines/network/attachment/attachment.h"

namespace sluice {

std::optional<AttachmentFailure> FailureOf(const std::vector<Attachment>& attachments) {
  const Attachment* worst = nullptr;
  for (const Attachment& a : attachments) {
    if (a.failure_reason.empty()) continue;
    const bool is_worse =
        worst && worst->failure_reason != kNetworkFailed && a.failure_reason == kNetworkFailed;
    if (!worst || is_worse) worst = &a;
  }
  if (!worst) return std::nullopt;
  return AttachmentFailure{worst->failure_reason, worst->failure_message};
}

bool AllReady(const std::vector<Attachment>& attachments) {
  return std::all_of(attachments.begin(), attachments.end(), &IsReady);
}

bool AllReleased(const std::vector<Attachment>& attachments) {
  return std::all_of(attachments.begin(), attachments.end(), &IsReleased);
}

Time NextAttachmentRetry(const std::vector<Attachment>& attachments) {
  Time next;
  for (const Attachment& a : attachments) {
    if (!a.retry.next_time.IsSet()) continue;
    if (!next.IsSet() || a.retry.next_time < next) next = a.retry.next_time;
  }
  return next;
}

void PutAttachment(std::vector<Attachment>& attachments, const Attachment& attachment) {
  for (Attachment& present : attachments) {
    if (present.interface == attachment.interface) {
      present = attachment;
      return;
    }
  }
  attachments.push_back(attachment);
}

}  // namespace sluice
