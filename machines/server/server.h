// server: the backing machine in a region, as the region reports it; and the reverse edge, from the
// server to the instance that its tag names.
//
// The instance decides who holds the edge (machines/instance/server_edge.cc). A server watches the
// instance until it is there, claims it, hears the answer, and from then on is watched by it: one
// report is one decision here and one there, however many servers there are.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/instance.gen.h"
#include "events/server.gen.h"
#include "machines/common/define_kind.h"

namespace sluice {

struct ServerMachine {
  using State = Entity<ServerState>;
  using Apply = ServerApply;
  using Created = ServerCreated;
  using SpecChanged = ServerWishChanged;
  using Commands = TypeList<ReportServer, ReportServerGone, ServerClaimAnswered>;
  using OnAbsent = TypeList<ReportServer, ReportServerGone>;
  using Events = TypeList<ServerReported, ServerGoneReported, ServerTargetChanged, ServerClaimSent,
                          ServerMapped, ServerUnmapped>;
  using Phase = ServerPhase;
  static constexpr std::string_view kName = "server";
  static constexpr std::string_view kPlural = "servers";
  static constexpr std::string_view kCamel = "Server";
  static constexpr Phase kInitialPhase = Phase::kUnmapped;
  static constexpr std::array<std::string_view, 1> kInitialConditions = {"Mapped"};
  static constexpr Transitions<Phase, 10> kTransitions = {{
      {Phase::kAbsent, "ServerCreated", Phase::kUnmapped},
      {Phase::kDeleted, "ServerCreated", Phase::kUnmapped},
      {Phase::kUnmapped, "ServerMapped", Phase::kMapped},
      {Phase::kUnmapped, "ServerUnmapped", Phase::kUnmapped},
      {Phase::kMapped, "ServerUnmapped", Phase::kUnmapped},
      {Phase::kUnmapped, "ServerTargetChanged", Phase::kUnmapped},
      {Phase::kMapped, "ServerTargetChanged", Phase::kUnmapped},
      {Phase::kUnmapped, "DeletionRequested", Phase::kDeleting},
      {Phase::kMapped, "DeletionRequested", Phase::kDeleting},
      {Phase::kDeleting, "EntityDeleted", Phase::kDeleted},
  }};

  static AnyTable Detail(const State& state);
  // tag -> servers ("key=value"), instance -> servers ("namespace/name").
  static std::vector<IndexEntry> Indexes(const State& state);
  static std::optional<IndexEntry> IndexOfField(std::string_view path, std::string_view value);
  static std::vector<Column> Columns();
};

using Server = ServerMachine::State;

// The tag by which a server names its instance; a region's to set, never a user's.
inline constexpr const char* kInstanceTag = "compute.unikorn-cloud.org/instance-id";
// As many servers may claim one instance; those beyond are not kept in mind.
inline constexpr size_t kClaimsMax = 16;

// decide.cc
DecideResult Decide(const Server&, const ReportServer&, const DecideContext&);
DecideResult Decide(const Server&, const ReportServerGone&, const DecideContext&);
DecideResult Decide(const Server&, const Delete&, const DecideContext&);
// edge.cc
DecideResult Decide(const Server&, const Observed&, const DecideContext&);
DecideResult Decide(const Server&, const ServerClaimAnswered&, const DecideContext&);
// The instance that the reported tag names is watched, the one it named before is let go.
void SettleTarget(Draft<ServerMachine>& draft);
// One that was refused as a stranger says now that it was made for its instance.
void ClaimAgainIfMade(Draft<ServerMachine>& draft, const ReportServer& before);
// Lets go of whatever the server has a hold of.
void LetGo(Draft<ServerMachine>& draft);

// evolve.cc
void Evolve(Server&, const ServerReported&);
void Evolve(Server&, const ServerGoneReported&);
void Evolve(Server&, const ServerTargetChanged&);
void Evolve(Server&, const ServerClaimSent&);
void Evolve(Server&, const ServerMapped&);
void Evolve(Server&, const ServerUnmapped&);

const KindInfo& ServerKind();

}  // namespace sluice
