#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/output.h"
#include "cli/snapshots.h"
#include "cli/table.h"
#include "cli/verbs/debugger_verbs.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct SnapshotWords {
  std::string name;
  uint64_t keep = 0;
  Output output;
};

std::string Mebibytes(const json& snapshot) {
  return fmt::format("{:.1f}",
                     static_cast<double>(snapshot.value("bytes", uint64_t{0})) / (1 << 20));
}

std::string Line(const json& snapshot) {
  return fmt::format("{} at {}, {} MiB", snapshot.value("name", ""), snapshot.value("coverage", ""),
                     Mebibytes(snapshot));
}

Outcome<Exit> PrintSnapshot(Session& session, const Outcome<json>& result, const Output& output,
                            const std::function<void(std::ostream&, const json&)>& as_text) {
  if (!result) return Again(result.error());
  if (output.is_table()) {
    as_text(session.env().out, *result);
  } else {
    PrintValue(*result, output, session.env().out);
  }
  return Exit::kDone;
}

Outcome<Exit> Take(Session& session, const SnapshotWords& words) {
  return PrintSnapshot(
      session, TakeSnapshot(session), words.output,
      [](std::ostream& out, const json& taken) { out << Line(taken) << " taken\n"; });
}

Outcome<Exit> ListTaken(Session& session, const SnapshotWords& words) {
  return PrintSnapshot(
      session, ListSnapshots(session), words.output, [&](std::ostream& out, const json& list) {
        if (list.at("items").empty()) {
          session.env().err << "There are no snapshots.\n";
          return;
        }
        Table table({"NAME", "COVERAGE", "MIB", "BUILD", "STATE"});
        for (const json& item : list.at("items")) {
          table.Add({item.value("name", ""), item.value("coverage", "<none>"), Mebibytes(item),
                     item.value("build", "<none>"),
                     item.value("whole", false) ? "whole" : item.value("fault", "")});
        }
        table.Print(out);
      });
}

Outcome<json> VerifyOne(Session& session, const std::string& name) {
  return AskForLines(session, "verify snapshot " + name,
                     {.target = "/snapshots/" + PercentEncode(name) + "/verify"});
}

Outcome<Exit> VerifySnapshots(Session& session, const SnapshotWords& words) {
  std::vector<std::string> names{words.name};
  if (words.name.empty()) {
    const auto list = ListSnapshots(session);
    if (!list) return Again(list.error());
    names.clear();
    for (const json& item : list->at("items")) names.push_back(item.value("name", ""));
  }
  Exit worst = Exit::kDone;
  for (const std::string& name : names) {
    const auto verified = VerifyOne(session, name);
    const auto printed =
        PrintSnapshot(session, verified, words.output, [](std::ostream& out, const json& one) {
          if (!one.value("ok", false)) {
            out << one.value("fault", "") << '\n';
            return;
          }
          out << Line(one) << ": every file is as it was written, and of this log"
              << (one.value("readable", false) ? "" : "; written by a build with other schemas")
              << '\n';
        });
    if (!printed) return printed;
    if (!verified->value("ok", false)) worst = Exit::kRejected;
  }
  return worst;
}

Outcome<Exit> Prune(Session& session, const SnapshotWords& words) {
  if (words.keep == 0) return Fail(Exit::kBadInput, "--keep: how many stay, at least 1");
  const auto pruned = AskForLines(
      session, "prune snapshots",
      {.method = "POST",
       .target = "/snapshots/prune" + QueryString({{"keep", std::to_string(words.keep)}})});
  return PrintSnapshot(session, pruned, words.output, [](std::ostream& out, const json& result) {
    for (const json& name : result.at("removed")) out << name.get<std::string>() << " removed\n";
    out << result.value("kept", 0) << " kept\n";
  });
}

Outcome<Exit> RestoreSnapshot(Session& session, const SnapshotWords& words) {
  Outcome<std::string> name = words.name;
  if (words.name.empty()) name = LatestSnapshot(session);
  if (!name) return Again(name.error());
  const auto restored =
      AskForLines(session, "restore snapshot " + *name,
                  {.method = "POST", .target = "/snapshots/" + PercentEncode(*name) + "/restore"});
  return PrintSnapshot(session, restored, words.output, [](std::ostream& out, const json& result) {
    out << "the projections are those of " << Line(result)
        << "; the log's decisions since are folded when they are next read\n";
  });
}

}  // namespace

void DefineSnapshot(CommandLine& line) {
  const auto words = std::make_shared<SnapshotWords>();
  Arguments verb =
      line.Verb("snapshot", "Projections kept as of a position: takes, lists, restores");
  Arguments take = verb.Sub("take", "Takes one now, while the node goes on");
  words->output.Declare(take);
  take.Run([words](Session& session) { return Take(session, *words); });
  Arguments list = verb.Sub("list", "Shows them, oldest first");
  words->output.Declare(list);
  list.Run([words](Session& session) { return ListTaken(session, *words); });
  Arguments verify =
      verb.Sub("verify", "Reads every file and checks that it is of this log; exit code 1 if not");
  verify.Word("NAME", &words->name, "One of them [all]", /*required=*/false);
  words->output.Declare(verify);
  verify.Run([words](Session& session) { return VerifySnapshots(session, *words); });
  Arguments prune = verb.Sub("prune", "Removes the oldest; the newest that verifies always stays");
  prune.Number("--keep", &words->keep, "How many stay");
  words->output.Declare(prune);
  prune.Run([words](Session& session) { return Prune(session, *words); });
  Arguments restore = verb.Sub(
      "restore", "With --data: the projections of a directory no node holds become the snapshot's");
  restore.Word("NAME", &words->name, "One of them [the latest]", /*required=*/false);
  words->output.Declare(restore);
  restore.Run([words](Session& session) { return RestoreSnapshot(session, *words); });
}

}  // namespace sluice::cli
