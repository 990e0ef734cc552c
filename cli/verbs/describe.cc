#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/history.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "cli/yaml.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr size_t kRecentDecisions = 10;
constexpr size_t kActionsReadMax = 5'000;

struct DescribeOptions {
  std::vector<std::string> words;
  std::string at;
  Output output;
};

struct Description {
  json object;
  std::vector<json> actions;
  std::string acts;          // Who carries them out, or why nobody does.
  std::vector<json> recent;  // The last decisions, oldest first.
};

// Only instances and what hangs on a location have one to ask by; the rest is found among all.
std::string LocationOf(const json& object, const ObjectRef& ref) {
  static const json::json_pointer kName("/spec/location/name");
  if (!object.contains(kName) || !object.at(kName).is_string()) return "";
  return ref.namespace_ + "/" + object.at(kName).get<std::string>();
}

json At(const json& object, const char* pointer) {
  const json::json_pointer at(pointer);
  return object.contains(at) ? object.at(at) : json();
}

std::string WhoActs(Session& session, const std::string& location) {
  const auto ref = session.ParseRef("location/" + location);
  if (!ref) return {};
  const auto object = session.Ask("", {.target = ref->Path()});
  if (!object) {
    return object.error().exit == Exit::kRejected
               ? "nobody: location/" + location + " does not exist"
               : "";
  }
  const json holder = At(*object, "/status/lease/holder");
  if (holder.is_string() && !holder.get_ref<const std::string&>().empty()) {
    return fmt::format("{}, which serves location/{}", holder.get<std::string>(), location);
  }
  const json provider = At(*object, "/spec/provider");
  if (!provider.is_string()) {
    return fmt::format("nobody: location/{} names no provider in spec.provider", location);
  }
  return fmt::format("nobody: no provider {} serves location/{} now", provider.get<std::string>(),
                     location);
}

// As it was: the object, what was pending, and the decisions up to then.
Outcome<Description> ReadPast(Session& session, const ObjectRef& ref, const std::string& at) {
  Description description;
  auto object = session.Ask(
      "describe " + ref.Key(),
      {.target =
           ref.Path() + QueryString({{"resourceVersion", at}, {"resourceVersionMatch", "Exact"}})});
  if (!object) return Again(object.error());
  description.object = *std::move(object);
  auto why = AskDebugger(session, "why", {{"entity", ref.Key()}, {"at", at}});
  if (!why) return Again(why.error());
  for (json& action : why->at("waits").value("actions", json::array())) {
    description.actions.push_back(std::move(action));
  }
  const auto history = AskDebugger(
      session, "history",
      {{"entity", ref.Key()}, {"until", at}, {"last", std::to_string(kRecentDecisions)}},
      [&](json item) {
        description.recent.push_back(std::move(item));
        return true;
      });
  if (!history) return Again(history.error());
  return description;
}

Outcome<Description> Read(Session& session, const ObjectRef& ref) {
  Description description;
  auto object = session.Ask("describe " + ref.Key(), {.target = ref.Path()});
  if (!object) return Again(object.error());
  description.object = *std::move(object);
  const std::string location = LocationOf(description.object, ref);
  size_t actions_read = 0;
  const auto actions = ForEachItem(session, "list pending actions", "/actions",
                                   {{"location", location}}, [&](json item) {
                                     if (Member(item, "entity") == ref.Key()) {
                                       description.actions.push_back(std::move(item));
                                     }
                                     return ++actions_read < kActionsReadMax;
                                   });
  if (!actions) return Again(actions.error());
  if (!description.actions.empty() && !location.empty()) {
    description.acts = WhoActs(session, location);
  }
  const auto history = ForEachItem(session, "read the history of " + ref.Key(), HistoryPath(ref),
                                   {}, [&](json item) {
                                     auto& recent = description.recent;
                                     if (recent.size() == kRecentDecisions)
                                       recent.erase(recent.begin());
                                     recent.push_back(std::move(item));
                                     return true;
                                   });
  if (!history) return Again(history.error());
  return description;
}

void PrintSection(const char* title, const json& value, std::ostream& out) {
  if (value.is_null() || (value.is_structured() && value.empty())) return;
  if (!value.is_structured()) {
    out << fmt::format("{:<14}{}\n", std::string(title) + ":", CellText(value));
    return;
  }
  out << title << ":\n";
  const std::string yaml = WriteYaml(value);
  for (size_t start = 0; start < yaml.size();) {
    const size_t end = yaml.find('\n', start);
    out << "  " << yaml.substr(start, end - start) << '\n';
    start = end + 1;
  }
}

void PrintTable(const char* title, Table table, std::ostream& out) {
  if (table.empty()) return;
  out << '\n' << title << ":\n";
  table.Print(out);
}

void PrintDescription(const Description& description, std::ostream& out) {
  const json& object = description.object;
  PrintSection("Name", At(object, "/metadata/name"), out);
  PrintSection("Namespace", At(object, "/metadata/namespace"), out);
  PrintSection("Kind", At(object, "/kind"), out);
  PrintSection("Phase", At(object, "/status/phase"), out);
  PrintSection("UID", At(object, "/metadata/uid"), out);
  PrintSection("Generation", At(object, "/metadata/generation"), out);
  PrintSection("Created", At(object, "/metadata/creationTimestamp"), out);
  PrintSection("Deleting", At(object, "/metadata/deletionTimestamp"), out);
  PrintSection("Labels", At(object, "/metadata/labels"), out);
  PrintSection("Annotations", At(object, "/metadata/annotations"), out);
  PrintSection("Owners", At(object, "/metadata/ownerReferences"), out);
  PrintSection("Spec", At(object, "/spec"), out);
  json status = At(object, "/status");
  Table conditions({"TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"});
  if (status.is_object()) {
    for (const json& condition : status.value("conditions", json::array())) {
      conditions.Add({Member(condition, "type"), Member(condition, "status"),
                      Member(condition, "reason"), Member(condition, "lastTransitionTime"),
                      Member(condition, "message")});
    }
    status.erase("conditions");
    status.erase("phase");
  }
  PrintSection("Status", status, out);
  PrintTable("Conditions", std::move(conditions), out);
  Table actions({"VERB", "TARGET", "GENERATION", "ATTEMPT"});
  for (const json& action : description.actions) {
    actions.Add({Member(action, "verb"), Member(action, "target"), Member(action, "generation"),
                 Member(action, "attempt")});
  }
  PrintTable("Pending actions", std::move(actions), out);
  if (!description.acts.empty()) out << "Carried out by " << description.acts << '\n';
  Table recent(HistoryHeadings({}));
  for (const json& item : description.recent) recent.Add(HistoryCells(item, {}));
  PrintTable("Last decisions", std::move(recent), out);
}

Outcome<Exit> Describe(Session& session, const DescribeOptions& options) {
  KindInfo kind;
  const auto refs = session.ParseRefs(options.words, &kind);
  if (!refs) return Again(refs.error());
  if (refs->empty()) {
    return Fail(Exit::kBadInput, "describe: name the object, as KIND/NAME or KIND NAME");
  }
  const auto at = PointInTime(session, "describe --at", options.at);
  if (!at) return Again(at.error());
  std::ostream& out = session.env().out;
  for (const ObjectRef& ref : *refs) {
    const auto description = at->empty() ? Read(session, ref) : ReadPast(session, ref, *at);
    if (!description) return Again(description.error());
    if (options.output.is_table()) {
      if (&ref != &refs->front()) out << '\n';
      PrintDescription(*description, out);
    } else {
      PrintValue({{"object", description->object},
                  {"actions", description->actions},
                  {"lastDecisions", description->recent}},
                 options.output, out);
    }
  }
  return Exit::kDone;
}

}  // namespace

void DefineDescribe(CommandLine& line) {
  const auto options = std::make_shared<DescribeOptions>();
  Arguments verb = line.Verb("describe", "Shows all about an object: what is pending and why too");
  verb.Words("KIND/NAME", &options->words, "KIND/NAME..., or a kind, then names")
      .Text("--at", &options->at,
            "As it was at a position (0:17), a time (RFC 3339) or so long ago (-5m)");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return Describe(session, *options); });
}

}  // namespace sluice::cli
