#include <ostream>

#include "cli/session.h"
#include "cli/verbs/verbs.h"
#include "machines/common/print_machines.h"

namespace sluice::cli {
namespace {

struct MachinesOptions {
  std::string kind;
  std::string form = "text";
};

// The tables of this build: it needs no node.
Outcome<Exit> Machines(Session& session, const MachinesOptions& options) {
  std::vector<const ::sluice::KindInfo*> kinds = BuiltinKinds().kinds();
  if (!options.kind.empty()) {
    const ::sluice::KindInfo* kind = BuiltinKinds().FindLoosely(options.kind);
    if (kind == nullptr) {
      std::string known;
      for (const ::sluice::KindInfo* one : kinds) known += (known.empty() ? "" : ", ") + one->name;
      return Fail(Exit::kBadInput, "unknown kind '{}': there are {}", options.kind, known);
    }
    kinds = {kind};
  }
  MachineFormat format = MachineFormat::kText;
  if (options.form == "dot") format = MachineFormat::kDot;
  if (options.form == "mermaid") format = MachineFormat::kMermaid;
  session.env().out << PrintMachines(kinds, format);
  return Exit::kDone;
}

}  // namespace

void DefineMachines(CommandLine& line) {
  const auto options = std::make_shared<MachinesOptions>();
  Arguments verb = line.Verb("machines", "Shows the transition tables of this build");
  verb.Word("KIND", &options->kind, "Only this kind", false)
      .Choice("-o,--output", &options->form, {"text", "dot", "mermaid"}, "How to print [text]")
      .Run([options](Session& session) { return Machines(session, *options); });
}

}  // namespace sluice::cli
