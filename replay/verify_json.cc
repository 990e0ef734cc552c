#include "projections/past_stores.h"
#include "replay/answers.h"
#include "replay/verify.h"

namespace sluice::replay {
namespace {

Json DivergenceJson(const Divergence& divergence, const std::string& build) {
  Json json{
      {"check", divergence.check},
      {"position", FormatPosition(divergence.position.partition, divergence.position.sequence)}};
  if (divergence.time.IsSet()) json["time"] = FormatTime(divergence.time);
  if (!divergence.entity.empty()) json["entity"] = divergence.entity;
  json["message"] = divergence.message;
  json["writtenBy"] = divergence.written_by;
  json["term"] = divergence.term;
  json["readBy"] = build;
  json["decision"] = ParsedJson(divergence.decision_json);
  json["differs"] = DiffJson(divergence.differs);
  json["changed"] = DiffJson(divergence.changed);
  return json;
}

Json GroupJson(const WhatIfGroup& group) {
  return {{"kind", group.kind},
          {"command", group.command},
          {"difference", group.difference},
          {"count", group.count},
          {"example",
           {{"position", FormatPosition(group.example.partition, group.example.sequence)},
            {"entity", group.entity},
            {"differs", DiffJson(group.fields)}}}};
}

Result<Verified> VerifyOn(const Archive& archive, const std::string& snapshot,
                          const VerifyOptions& options) {
  if (archive.Past() == nullptr) {
    return Err(ErrorCode::kNotFound, "there are no snapshots here, only the log");
  }
  const auto bases = archive.Past()->Named(snapshot);
  if (!bases) return tl::unexpected(bases.error());
  return VerifySince(archive, *bases, options);
}

}  // namespace

Result<Json> AnswerVerify(const Asking& asking) {
  if (!asking.archive.IsWhole()) {
    return Err(ErrorCode::kInvalid,
               "a part of a log cannot be verified: it does not chain; what is there has been "
               "checked against the export's own hashes");
  }
  VerifyOptions options;
  options.build = asking.options.build;
  options.what_if = asking.question.verb == "what-if";
  if (options.what_if && asking.question.Has("snapshot")) {
    return Err(ErrorCode::kInvalid, "snapshot: what-if decides the whole log again");
  }
  // Asking for progress is how one hears that nobody listens any more.
  std::stop_source stop;
  const std::stop_callback passed_on(asking.options.stop, [&stop] { stop.request_stop(); });
  options.stop = stop.get_token();
  options.on_progress = [&](const VerifyProgress& progress) {
    if (!asking.Progress(progress.done, progress.total)) stop.request_stop();
  };
  const bool since = asking.question.Has("snapshot");
  const auto verified = since ? VerifyOn(asking.archive, asking.question.Get("snapshot"), options)
                              : Verify(asking.archive, options);
  if (!verified) return tl::unexpected(verified.error());
  Json partitions = Json::array();
  for (const PartitionVerified& one : verified->partitions) {
    Json json{{"partition", one.partition}, {"records", one.records}, {"terms", one.terms},
              {"entities", one.entities},   {"end", one.end},         {"chain", ToHex(one.chain)}};
    if (since) json["begin"] = one.begin;
    if (one.projections_at) json["projectionsAt"] = *one.projections_at;
    if (one.divergence) json["divergence"] = DivergenceJson(*one.divergence, options.build);
    partitions.push_back(std::move(json));
  }
  Json result{{"ok", !verified->first && verified->what_if.empty()}};
  // Machines may decide otherwise on what stands in for what was hidden.
  const std::vector<std::string>& redacted = asking.archive.extent().redacted;
  if (!redacted.empty()) result["redacted"] = redacted;
  result.update({{"records", verified->records()},
                 {"seconds", verified->seconds},
                 {"build", options.build},
                 {"partitions", std::move(partitions)}});
  if (options.what_if) {
    Json groups = Json::array();
    for (const WhatIfGroup& group : verified->what_if) groups.push_back(GroupJson(group));
    result["decidedAgain"] = verified->redecided();
    result["differences"] = std::move(groups);
  }
  if (verified->first) result["divergence"] = DivergenceJson(*verified->first, options.build);
  return result;
}

}  // namespace sluice::replay
