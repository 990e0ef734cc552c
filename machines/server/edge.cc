// The reverse edge, on the server's side: which instance its tag names, and whether that holds it.
#include "machines/common/observed.h"
#include "machines/server/server.h"

namespace sluice {
namespace {

using ServerDraft = Draft<ServerMachine>;

// What the tag says.
struct Tag {
  std::string text;
  std::optional<EntityKey> instance;  // none when the text is no name
};

std::optional<Tag> TagOf(const Server& server) {
  const auto& tags = server.status.reported.tags;
  const auto found = tags.find(kInstanceTag);
  if (found == tags.end() || found->second.empty()) return std::nullopt;
  Tag tag{.text = found->second, .instance = {}};
  const size_t slash = tag.text.find('/');
  const std::string namespace_ =
      slash == std::string::npos ? server.metadata.namespace_ : tag.text.substr(0, slash);
  const std::string name = slash == std::string::npos ? tag.text : tag.text.substr(slash + 1);
  if (!DnsLabelFault(namespace_) && !DnsLabelFault(name)) {
    tag.instance = EntityKey{"instance", namespace_, name};
  }
  return tag;
}

void Unmap(ServerDraft& draft, const char* reason, const std::string& message, ServerEdge edge) {
  const Condition* mapped = FindCondition(draft->status.conditions, "Mapped");
  if (mapped && mapped->reason == reason && mapped->message == message && draft->own.edge == edge) {
    return;
  }
  draft.Emit(ServerUnmapped{.reason = reason, .message = message, .edge = edge});
  draft.SetCondition("Mapped", ConditionStatus::kFalse, reason, message);
}

void Watch(ServerDraft& draft) {
  draft.Send(KeyOrDie(draft->own.target), Observe{.observer = draft.context().self.ToString()});
}

void Unwatch(ServerDraft& draft) {
  draft.Send(KeyOrDie(draft->own.target), Unobserve{.observer = draft.context().self.ToString()});
}

// Whether it should be asked for the edge: it takes servers, or this one was made for it.
bool Takes(const Server& server, const Observed& seen, const InstanceDetail& instance) {
  const bool made_for_it = server.status.reported.uid == seen.uid;
  if (seen.phase == "Deleting") return made_for_it;
  return instance.server_backed && (made_for_it || instance.servers < kClaimsMax);
}

void Claim(ServerDraft& draft, const std::string& instance_uid) {
  draft.Send(KeyOrDie(draft->own.target), ClaimInstance{.reported = draft->status.reported});
  draft.Emit(ServerClaimSent{.instance_uid = instance_uid});
}

}  // namespace

void LetGo(ServerDraft& draft) {
  switch (draft->own.edge) {
    case ServerEdge::kNone:
      return;
    case ServerEdge::kWatched:
      return Unwatch(draft);
    case ServerEdge::kClaimed:
    case ServerEdge::kGranted:
    case ServerEdge::kRefused:
      return draft.Send(KeyOrDie(draft->own.target), ReleaseInstance{});
  }
  Unreachable();
}

void ClaimAgainIfMade(ServerDraft& draft, const ReportServer& before) {
  const ReportServer& now = draft->status.reported;
  if (draft->own.edge != ServerEdge::kRefused || now.uid != draft->own.target_uid) return;
  if (now.uid == before.uid && now.attempt == before.attempt) return;
  Claim(draft, draft->own.target_uid);
}

void SettleTarget(ServerDraft& draft) {
  const std::optional<Tag> tag = TagOf(draft.state());
  const std::string target = tag && tag->instance ? tag->instance->ToString() : "";
  if (target != draft->own.target) {
    LetGo(draft);
    draft.Emit(ServerTargetChanged{.target = target, .former = draft->own.target});
    if (!target.empty()) {
      Watch(draft);
      draft.SetCondition("Mapped", ConditionStatus::kUnknown, "Pending",
                         "Waiting for " + draft->own.target);
    }
  }
  if (!tag) {
    Unmap(draft, "TagMissing", fmt::format("it has no tag {}", kInstanceTag), ServerEdge::kNone);
  } else if (!tag->instance) {
    Unmap(draft, "InstanceNotFound",
          fmt::format("tag {} is '{}', no name", kInstanceTag, tag->text), ServerEdge::kNone);
  }
}

// Heard while it is watched: before there is an instance, and while that takes no server.
DecideResult Decide(const Server& server, const Observed& seen, const DecideContext& context) {
  if (seen.subject != server.own.target || server.own.edge != ServerEdge::kWatched) {
    return Ignore();
  }
  ServerDraft draft(server, context);
  const auto* instance = seen.detail.As<InstanceDetail>();
  if (IsGone(seen) || !instance) {
    Unmap(draft, "InstanceNotFound", "there is no " + seen.subject, ServerEdge::kWatched);
  } else if (Takes(server, seen, *instance)) {
    Unwatch(draft);
    Claim(draft, seen.uid);
  } else if (seen.phase == "Deleting") {
    Unmap(draft, "InstanceNotFound", seen.subject + " is being deleted", ServerEdge::kWatched);
  } else if (!instance->server_backed) {
    Unmap(draft, "InstanceNotFound", seen.subject + " is not backed by a server",
          ServerEdge::kWatched);
  } else {
    Unmap(draft, "DuplicateMapping", "too many servers claim " + seen.subject,
          ServerEdge::kWatched);
  }
  return draft.Take();
}

DecideResult Decide(const Server& server, const ServerClaimAnswered& answer,
                    const DecideContext& context) {
  // Watching means that whatever was asked before was taken back.
  if (context.sender != server.own.target || server.own.edge == ServerEdge::kWatched) {
    return Ignore();
  }
  ServerDraft draft(server, context);
  const std::string instance = KeyOrDie(server.own.target).name;
  switch (answer.verdict) {
    case ServerClaimVerdict::kGranted:
      if (server.own.edge == ServerEdge::kGranted) return NoChange();
      draft.Emit(ServerMapped{.instance = KeyOrDie(server.own.target).namespace_ + "/" + instance,
                              .uid = answer.instance_uid});
      draft.SetCondition("Mapped", ConditionStatus::kTrue, "Mapped", server.own.target + " has it");
      break;
    case ServerClaimVerdict::kDuplicate:
      Unmap(draft, "DuplicateMapping", answer.holder + " has " + server.own.target,
            ServerEdge::kRefused);
      break;
    // It watches on, until there is somebody, or room.
    case ServerClaimVerdict::kFull:
    case ServerClaimVerdict::kAbsent:
      Unmap(draft,
            answer.verdict == ServerClaimVerdict::kFull ? "DuplicateMapping" : "InstanceNotFound",
            answer.verdict == ServerClaimVerdict::kFull
                ? "too many servers claim " + server.own.target
                : "there is no " + server.own.target,
            ServerEdge::kWatched);
      Watch(draft);
      break;
  }
  return draft.Take();
}

}  // namespace sluice
