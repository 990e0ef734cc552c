#include "providers/drift/provider.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "providers/common/node_calls.h"

namespace sluice::drift {
namespace {

using Json = nlohmann::json;

constexpr Duration kAgain = Duration::Seconds(2);  // The node, or a cluster, could not be read.
constexpr Duration kIntervalDefault = Duration::Minutes(1);
constexpr size_t kDifferencesMax = 500;  // Of one report; a command may have 256 KiB.
constexpr size_t kValueBytesMax = 200;

Duration DurationAt(const Json& spec, const char* name, Duration otherwise) {
  const auto found = spec.find(name);
  if (found == spec.end() || !found->is_string()) return otherwise;
  return ParseDuration(found->get<std::string>()).value_or(otherwise);
}

std::string Short(const std::string& text) {
  return text.size() <= kValueBytesMax ? text : text.substr(0, kValueBytesMax) + "...";
}

}  // namespace

Provider::Provider(Api& node, Lease& lease, Reader reader, std::string session,
                   std::function<Time()> now)
    : node_(node),
      lease_(lease),
      reader_(std::move(reader)),
      session_(std::move(session)),
      now_(std::move(now)) {}

void Provider::OnActions(const std::vector<PendingWork>& work) {
  std::map<std::string, Watched> watched;
  for (const PendingWork& one : work) {
    const std::string entity = one.entity.ToString();
    const Action& action = one.actions.front();
    const auto known = watched_.find(entity);
    const bool same = known != watched_.end() && known->second.uid == action.uid &&
                      known->second.generation == action.generation;
    if (same) {
      watched.emplace(entity, std::move(known->second));
    } else {
      watched.emplace(entity, Watched{.entity = one.entity,
                                      .uid = action.uid,
                                      .generation = action.generation,
                                      .due = now_()});
    }
  }
  watched_ = std::move(watched);
}

Time Provider::NextDue() const {
  Time next;
  for (const auto& [entity, watched] : watched_) {
    if (!next.IsSet() || watched.due < next) next = watched.due;
  }
  return next;
}

void Provider::Step() {
  const bool any = std::any_of(watched_.begin(), watched_.end(),
                               [this](const auto& entry) { return entry.second.due <= now_(); });
  if (!any) return;
  if (lease_.Check() != Lease::State::kHeld) {
    for (auto& [entity, watched] : watched_) watched.due = std::max(watched.due, now_() + kAgain);
    return;
  }
  for (auto& [entity, watched] : watched_) {
    if (watched.due <= now_()) Look(watched);
  }
}

void Provider::Complain(Watched& watched, const std::string& what) {
  if (watched.complaint != what) {
    spdlog::warn("{}: {}", watched.entity.ToString(), what);
    watched.complaint = what;
  }
}

void Provider::Look(Watched& watched) {
  watched.due = now_() + kAgain;
  const EntityKey& key = watched.entity;
  const auto text = GetObject(node_, key.kind, key.namespace_, key.name);
  if (!text) return Complain(watched, text.error().message);
  const Json object = *text ? Json::parse(**text, nullptr, false) : Json();
  if (!object.is_object() || !object.contains("spec")) return;
  const Json& spec = object.at("spec");
  const Duration interval = DurationAt(spec, "interval", kIntervalDefault);
  const Duration deadline = DurationAt(spec, "deadline", Duration{});
  const std::string wanted = spec.value("revision", "");
  const Result<ClusterState> state = reader_(spec.value("cluster", ""), wanted);
  // Nothing is known, so nothing is said: the monitor's deadline tells.
  if (!state) return Complain(watched, state.error().message);
  watched.complaint.clear();
  const bool told = watched.reported == *state && watched.term == lease_.term();
  // The same state is said again in time for the deadline, and where the engine forgot it.
  const bool in_time = deadline == Duration{} || now_() - watched.reported_at < deadline - interval;
  const std::string phase = object.value("/status/phase"_json_pointer, "");
  if (!told || !in_time || phase == "Unknown" || phase == "Pending") {
    if (!Report(watched, *state)) return;
    watched.reported = *state;
    watched.reported_at = now_();
    watched.term = lease_.term();
  }
  watched.due = now_() + interval;
}

bool Provider::Report(const Watched& watched, const ClusterState& state) {
  Json differences = Json::array();
  for (const Difference& difference : state.differences) {
    if (differences.size() == kDifferencesMax) break;
    Json one{{"path", difference.path}};
    std::string want = Short(difference.want);
    std::string got = Short(difference.got);
    if (want == got) got += " (differs further on)";
    if (!want.empty()) one["want"] = std::move(want);
    if (!got.empty()) one["got"] = std::move(got);
    differences.push_back(std::move(one));
  }
  const Json command{{"id", fmt::format("{}-{}", session_, ++last_command_)},
                     {"entity", watched.entity.ToString()},
                     {"command", "ReportDrift"},
                     {"payload",
                      {{"observedRevision", state.revision},
                       {"health", state.health},
                       {"differences", std::move(differences)},
                       {"uid", watched.uid},
                       {"leaseTerm", lease_.term()}}},
                     {"actor", "provider/drift"}};
  const Result<CommandOutcome> outcome = SendCommand(node_, command.dump());
  if (!outcome) {
    spdlog::warn("{}: {}", watched.entity.ToString(), outcome.error().message);
    return false;
  }
  if (!outcome->accepted) spdlog::warn("{}: {}", watched.entity.ToString(), outcome->rejection);
  return true;
}

}  // namespace sluice::drift
