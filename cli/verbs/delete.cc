#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/manifests.h"
#include "cli/verbs/verbs.h"
#include "cli/watch.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct DeleteOptions {
  std::vector<std::string> words;
  std::vector<std::string> files;
  std::string expected_uid;
  bool cascade = false;
  bool wait = false;
  Duration timeout = kCommandTimeout;
};

Outcome<Exit> AwaitGone(Session& session, const ObjectRef& ref, Duration timeout) {
  bool is_gone = false;
  const WatchHandlers handlers{
      .on_list = [&](const json& list) -> Outcome<bool> {
        is_gone = list.at("items").empty();
        return !is_gone;
      },
      .on_event = [&](const std::string& type, const json&) -> Outcome<bool> {
        is_gone = type == "DELETED";
        return !is_gone;
      },
  };
  const auto end = ListAndWatch(session, OnlyObject(ref), handlers, timeout);
  if (!end) return Again(end.error());
  if (is_gone) return Exit::kDone;
  return Fail(Exit::kRejected,
              "{} is still there after {}: 'sluice describe {}' shows what it waits for", ref.Key(),
              FormatDuration(timeout), ref.Key());
}

// What the decision says of a deletion nobody waited for.
const char* Progress(const json& events) {
  if (events.empty()) return " already deleting or deleted";
  const bool is_gone = std::any_of(events.begin(), events.end(), [](const json& event) {
    return event.value("type", "") == "EntityDeleted";
  });
  return is_gone ? " deleted" : " deleting";
}

Outcome<Exit> DeleteOne(Session& session, const ObjectRef& ref, const DeleteOptions& options) {
  const std::string id = session.env().new_id();
  json payload = json::object();
  if (!options.expected_uid.empty()) payload["expectedUid"] = options.expected_uid;
  if (options.cascade) payload["cascade"] = true;
  const json command{
      {"id", id}, {"entity", ref.Key()}, {"command", "Delete"}, {"payload", payload}};
  const auto sent = SendCommand(session, command.dump(), id, options.timeout);
  if (!sent) return Again(sent.error());
  const json result = json::parse(sent->text);
  std::ostream& out = session.env().out;
  if (!sent->accepted) {
    out << ref.Key() << ' ' << RejectionText(result) << std::endl;
    return Exit::kRejected;
  }
  const json events = result.value("events", json::array());
  if (options.wait) {
    const auto gone = AwaitGone(session, ref, options.timeout);
    if (!gone) return gone;
  }
  out << ref.Key() << (options.wait ? " deleted" : Progress(events)) << std::endl;
  return Exit::kDone;
}

// Objects of manifests go in the reverse order: what was made last may hang on what was made first.
Outcome<std::vector<ObjectRef>> Targets(Session& session, const DeleteOptions& options) {
  std::vector<ObjectRef> refs;
  for (const std::string& file : options.files) {
    const ManifestSet set = ReadManifests(session, file);
    if (!set.failures.empty()) return Again(set.failures.front());
    for (const Manifest& manifest : set.manifests) {
      auto addressed = Address(session, manifest);
      if (!addressed) return Again(addressed.error());
      refs.push_back(std::move(addressed->ref));
    }
  }
  std::reverse(refs.begin(), refs.end());
  KindInfo kind;
  auto named = session.ParseRefs(options.words, &kind);
  if (!named) return Again(named.error());
  refs.insert(refs.end(), named->begin(), named->end());
  if (refs.empty()) {
    return Fail(Exit::kBadInput, "delete: say what: KIND/NAME, KIND NAME or -f FILE");
  }
  return refs;
}

Outcome<Exit> Delete(Session& session, const DeleteOptions& options) {
  const auto refs = Targets(session, options);
  if (!refs) return Again(refs.error());
  if (!options.expected_uid.empty() && refs->size() > 1) {
    return Fail(Exit::kBadInput, "delete: --expected-uid takes one object");
  }
  Exit worst = Exit::kDone;
  for (const ObjectRef& ref : *refs) {
    const auto deleted = DeleteOne(session, ref, options);
    if (!deleted) return Again(deleted.error());
    worst = Worse(worst, *deleted);
  }
  return worst;
}

}  // namespace

void DefineDelete(CommandLine& line) {
  const auto options = std::make_shared<DeleteOptions>();
  Arguments verb = line.Verb("delete", "Asks objects to go");
  verb.Words("KIND/NAME", &options->words, "KIND/NAME..., or a kind, then names", false)
      .Texts("-f,--filename", &options->files, "The objects of these manifests")
      .Text("--expected-uid", &options->expected_uid, "Only this incarnation")
      .Flag("--cascade", &options->cascade, "What holds it goes first; else it waits for that")
      .Flag("--wait", &options->wait, "Until it is gone")
      .Length("--timeout", &options->timeout, "How long at most, each [1m]")
      .Run([options](Session& session) { return Delete(session, *options); });
}

}  // namespace sluice::cli
