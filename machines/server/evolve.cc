#include "machines/server/server.h"

namespace sluice {

void Evolve(Server& server, const ServerReported& event) {
  server.status.reported = event.report;
  server.last_resource_version = event.report.resource_version;
}

void Evolve(Server& server, const ServerGoneReported& event) {
  server.last_resource_version = event.resource_version;
}

void Evolve(Server& server, const ServerTargetChanged& event) {
  server.own.target = event.target;
  server.own.target_uid.clear();
  server.own.edge = event.target.empty() ? ServerEdge::kNone : ServerEdge::kWatched;
  server.status.instance.clear();
  server.status.phase = ServerPhase::kUnmapped;
}

void Evolve(Server& server, const ServerClaimSent& event) {
  server.own.target_uid = event.instance_uid;
  server.own.edge = ServerEdge::kClaimed;
}

void Evolve(Server& server, const ServerMapped& event) {
  server.own.edge = ServerEdge::kGranted;
  server.own.target_uid = event.uid;
  server.status.instance = event.instance;
  server.status.phase = ServerPhase::kMapped;
}

void Evolve(Server& server, const ServerUnmapped& event) {
  server.own.edge = event.edge;
  server.status.instance.clear();
  server.status.phase = ServerPhase::kUnmapped;
}

}  // namespace sluice
