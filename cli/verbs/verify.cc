#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs/debugger_verbs.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

void PrintDivergence(const json& found, std::ostream& out) {
  out << "\nDiverged at " << found.value("position", "") << " (" << found.value("check", "")
      << "): " << found.value("message", "") << '\n';
  if (found.contains("entity")) out << "  entity:     " << found.value("entity", "") << '\n';
  if (found.contains("time")) out << "  time:       " << found.value("time", "") << '\n';
  out << "  written by: " << found.value("writtenBy", "") << ", term " << found.value("term", 0)
      << '\n';
  out << "  read by:    " << found.value("readBy", "") << '\n';
  const json& decision = found.at("decision");
  if (decision.is_object()) out << "  decision:   " << decision.dump() << '\n';
  if (!found.at("differs").empty()) {
    out << (found.value("check", "") == "projections" ? "  stored -> folded:\n"
                                                      : "  recorded -> as this build decides:\n");
    PrintChanges(found.at("differs"), "    ", out);
  }
  if (!found.at("changed").empty()) {
    out << "  what the decision changes, as this build folds it:\n";
    PrintChanges(found.at("changed"), "    ", out);
  }
}

void PrintVerified(const json& result, std::ostream& out) {
  Table table({"PARTITION", "RECORDS", "TERMS", "ENTITIES", "CHAIN", "PROJECTIONS"});
  for (const json& one : result.at("partitions")) {
    std::string projections = "not compared";
    if (one.contains("projectionsAt")) {
      projections = "equal at " + std::to_string(one.value("projectionsAt", uint64_t{0}));
    }
    if (one.contains("divergence")) {
      projections = "diverged at " + one["divergence"].value("position", "");
    }
    table.Add({std::to_string(one.value("partition", 0)),
               std::to_string(one.value("records", uint64_t{0})),
               std::to_string(one.value("terms", uint64_t{0})),
               std::to_string(one.value("entities", uint64_t{0})), one.value("chain", ""),
               projections});
  }
  table.Print(out);
  const double seconds = result.value("seconds", 0.0);
  const auto records = result.value("records", uint64_t{0});
  for (const json& one : result.at("partitions")) {
    if (!one.contains("begin")) break;
    out << fmt::format("partition {} from {} on: what is before, the snapshot vouches for\n",
                       one.value("partition", 0), one.value("begin", uint64_t{0}));
  }
  out << fmt::format("{} records in {:.2f} s ({:.0f}/s)\n", records, seconds,
                     seconds > 0 ? static_cast<double>(records) / seconds : 0.0);
  if (result.contains("divergence")) {
    PrintDivergence(result["divergence"], out);
  } else {
    out << "Terms, sequences, chain, follow-ups, transitions, versions, state hashes and repeated "
           "ids are as they must be.\n";
  }
}

struct VerifyWords {
  std::string snapshot;
  Output output;
};

Outcome<Exit> Verify(Session& session, const VerifyWords& words) {
  const Output& output = words.output;
  const auto result = AskDebugger(session, "verify", {{"snapshot", words.snapshot}});
  if (!result) return Again(result.error());
  if (output.is_table()) {
    PrintVerified(*result, session.env().out);
  } else {
    PrintValue(*result, output, session.env().out);
  }
  return result->value("ok", false) ? Exit::kDone : Exit::kRejected;
}

}  // namespace

void DefineVerify(CommandLine& line) {
  const auto words = std::make_shared<VerifyWords>();
  Arguments verb = line.Verb(
      "verify", "Folds the whole log and checks every claim in it; exit code 1 if one is wrong");
  verb.Text("--snapshot", &words->snapshot,
            "NAME or 'latest': only what came after this snapshot, folded on it");
  words->output.Declare(verb);
  verb.Run([words](Session& session) { return Verify(session, *words); });
}

}  // namespace sluice::cli
