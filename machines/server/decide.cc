// What a region says of a server.
#include "machines/server/server.h"

namespace sluice {
namespace {

using ServerDraft = Draft<ServerMachine>;

constexpr const char* kVersionField = "payload.resourceVersion";

Rejection NoVersion() {
  return Rejection::InvalidArgument(
      kVersionField, "is required: without it nobody can tell an older report from a newer one");
}

void End(ServerDraft& draft) {
  LetGo(draft);
  draft.Emit(DeletionRequested{.at = draft.now()});
  draft.Emit(EntityDeleted{});
}

}  // namespace

DecideResult Decide(const Server& server, const ReportServer& report,
                    const DecideContext& context) {
  FieldErrors errors;
  if (!server.Exists()) ValidateKey(context.self, errors);
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  if (report.resource_version == 0) return Reject(NoVersion());
  if (report.resource_version <= server.last_resource_version) return Ignore();
  ServerDraft draft(server, context);
  if (!server.Exists()) draft.Emit(ServerCreated{.uid = UidFromOrigin(context.origin)});
  ServerReported reported{.report = report};
  // A build of below that level does not know the field: it would fold another state.
  if (!draft.MayWrite<ServerRebuildAccounted>()) reported.report.rebuild_generation = 0;
  draft.Emit(std::move(reported));
  SettleTarget(draft);
  ClaimAgainIfMade(draft, server.status.reported);
  return draft.Take();
}

// Also for one that was never reported: an older report of it may still be on its way.
DecideResult Decide(const Server& server, const ReportServerGone& report,
                    const DecideContext& context) {
  if (report.resource_version == 0) return Reject(NoVersion());
  if (report.resource_version <= server.last_resource_version) return Ignore();
  ServerDraft draft(server, context);
  draft.Emit(ServerGoneReported{.resource_version = report.resource_version});
  if (server.Exists()) End(draft);
  return draft.Take();
}

// Forgets the record of one whose region says nothing any more; the machine is its region's.
DecideResult Decide(const Server& server, const Delete& command, const DecideContext& context) {
  if (!server.Exists()) return NoChange();
  if (!command.expected_uid.empty() && command.expected_uid != server.metadata.uid) {
    return Reject(Rejection::FailedPrecondition(
        "metadata.uid", "uid is " + server.metadata.uid + ", not " + command.expected_uid));
  }
  if (server.status.phase == ServerPhase::kMapped) {
    return Reject(Rejection::FailedPrecondition(
        "status.instance", context.self.ToString() + " belongs to instance " +
                               server.status.instance + ": delete that, and it goes with it"));
  }
  ServerDraft draft(server, context);
  End(draft);
  return draft.Take();
}

AnyTable ServerMachine::Detail(const State& state) {
  return AnyTable::Of(ServerDetail{.reported = state.status.reported});
}

std::vector<IndexEntry> ServerMachine::Indexes(const State& state) {
  std::vector<IndexEntry> entries;
  for (const auto& [key, value] : state.status.reported.tags) {
    entries.push_back({.index = "tag", .value = key + "=" + value});
  }
  if (!state.status.instance.empty()) {
    entries.push_back({.index = "instance", .value = state.status.instance});
  }
  return entries;
}

std::optional<IndexEntry> ServerMachine::IndexOfField(std::string_view path,
                                                      std::string_view value) {
  constexpr std::string_view kTag = "status.reported.tags[";
  if (path == "status.instance") return IndexEntry{"instance", std::string(value)};
  if (!path.starts_with(kTag) || !path.ends_with(']')) return std::nullopt;
  const std::string_view key = path.substr(kTag.size(), path.size() - kTag.size() - 1);
  return IndexEntry{"tag", fmt::format("{}={}", key, value)};
}

std::vector<Column> ServerMachine::Columns() {
  return {{.name = "INSTANCE", .path = "status.instance"},
          {.name = "MAPPED", .path = "status.conditions[type=Mapped].reason"},
          {.name = "PHASE", .path = "status.reported.phase"},
          {.name = "POWER", .path = "status.reported.power"},
          {.name = "FLAVOR", .path = "status.reported.flavor", .wide = true},
          {.name = "IMAGE", .path = "status.reported.image", .wide = true},
          {.name = "PRIVATE-IP", .path = "status.reported.privateIP", .wide = true}};
}

const KindInfo& ServerKind() {
  static const KindInfo kind = DefineKind<ServerMachine>();
  return kind;
}

}  // namespace sluice
