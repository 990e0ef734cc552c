// What an attachment asks of others, and which step it is in then. What comes back is in
// attachment.cc.
#pragma once

#include "events/entity_key.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {

// Whom it hears from by Observed.
EntityKey BindingKey(const Attachment& a, const AttachmentPort& port);
EntityKey SubnetClaimKey(const Attachment& a, const AttachmentPort& port);

void ClearFailure(Attachment& a);

// The way up.
void CreateBinding(Attachment& a, AttachmentPort& port);
// `exhausted`: a claim whose subnet has no address left; empty for none.
void AskClaim(Attachment& a, const std::string& exhausted, AttachmentPort& port);
void WatchClaim(Attachment& a, AttachmentPort& port);
void UnwatchClaim(Attachment& a, AttachmentPort& port);
void AskAddress(Attachment& a, AttachmentPort& port);
// It has all it wants.
void Finish(Attachment& a, AttachmentPort& port);

// The way down.
void GiveBackAddress(Attachment& a, AttachmentPort& port);
// The binding is deleted under its uid: a stranger of that name stays. While its Create is under
// way the Outcome of that goes on.
void ReleaseBinding(Attachment& a, AttachmentPort& port);

}  // namespace sluice
