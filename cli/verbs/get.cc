#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/debugger.h"
#include "cli/nodes.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "cli/watch.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct GetOptions {
  std::vector<std::string> words;
  bool all_namespaces = false;
  std::string labels;
  std::string fields;
  bool watch = false;
  std::string at_least;
  std::string at;
  Output output;
};

// Prints lists and events of one selection. Rows of a table keep the widths of the first.
class GetPrinter {
 public:
  GetPrinter(Session& session, const GetOptions& options, const KindInfo& kind)
      : session_(session),
        options_(options),
        kind_(kind),
        columns_({.wide = options.output.is_wide(), .with_namespace = options.all_namespaces}) {}

  Outcome<void> PrintList(const json& list) {
    if (!options_.output.is_table()) {
      if (options_.watch) {
        for (const json& item : list.at("items")) PrintValue(item, options_.output, out());
      } else {
        PrintValue(list, options_.output, out());
      }
      return {};
    }
    if (list.at("rows").empty() && !options_.watch) {
      session_.env().err << "No " << kind_.plural << " found"
                         << (options_.all_namespaces
                                 ? std::string(".\n")
                                 : " in namespace " + session_.namespace_name() + ".\n");
      return {};
    }
    return PrintRows(list);
  }

  Outcome<void> PrintEvent(const std::string&, const json& object) {
    if (options_.output.is_table()) return PrintRows(object);
    PrintValue(object, options_.output, out());
    return {};
  }

 private:
  std::ostream& out() { return session_.env().out; }

  Outcome<void> PrintRows(const json& answer) {
    const auto rows = answer.is_object() ? answer.find("rows") : answer.end();
    if (rows == answer.end() || !rows->is_array()) {
      return Fail(Exit::kUnavailable, "{} did not answer with a table; is it Sluice?",
                  session_.api().address());
    }
    if (!table_) {
      const auto read = columns_.ReadColumns(answer);
      if (!read) return read;
      table_.emplace(columns_.Headings());
    }
    for (const json& row : *rows) table_->Add(columns_.Cells(row));
    if (!table_->empty()) table_->Print(out());
    return {};
  }

  Session& session_;
  const GetOptions& options_;
  const KindInfo kind_;
  ServerTable columns_;
  std::optional<Table> table_;
};

Outcome<Exit> WatchSelection(Session& session, const Selection& selection, GetPrinter& printer) {
  const auto go_on = [&](Outcome<void> printed) -> Outcome<bool> {
    if (!printed) return Again(printed.error());
    return session.env().out.good();  // Whoever reads a pipe may have had enough.
  };
  const WatchHandlers handlers{
      .on_list = [&](const json& list) { return go_on(printer.PrintList(list)); },
      .on_event = [&](const std::string& type,
                      const json& object) { return go_on(printer.PrintEvent(type, object)); },
  };
  const auto end = ListAndWatch(session, selection, handlers, Duration{});
  if (!end) return Again(end.error());
  return Exit::kDone;
}

Outcome<json> GetObject(Session& session, const ObjectRef& ref, const Selection& like) {
  const bool exact = !like.exact.empty();
  const std::string& version = exact ? like.exact : like.at_least;
  const std::string query = QueryString(
      {{"resourceVersion", version},
       {"resourceVersionMatch", version.empty() ? "" : (exact ? "Exact" : "NotOlderThan")}});
  return session.Ask(
      "get " + ref.Key(),
      {.target = ref.Path() + query,
       .headers = {{"accept", like.as_table ? "application/json;as=Table" : "application/json"}}});
}

// Named objects, in a table for each kind; those that are not there are said on standard error.
Outcome<Exit> GetNamed(Session& session, const std::vector<ObjectRef>& refs, const Selection& like,
                       const GetOptions& options) {
  Exit worst = Exit::kDone;
  std::vector<std::pair<KindInfo, json>> tables;
  for (const ObjectRef& ref : refs) {
    auto object = GetObject(session, ref, like);
    if (!object) {
      if (object.error().exit == Exit::kUnavailable) return Again(object.error());
      session.env().err << "sluice: " << object.error().message << '\n';
      worst = Worse(worst, object.error().exit);
      continue;
    }
    if (!like.as_table) {
      PrintValue(*object, options.output, session.env().out);
      continue;
    }
    const auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& one) {
      return one.first.plural == ref.kind.plural;
    });
    if (table == tables.end()) {
      tables.emplace_back(ref.kind, *std::move(object));
    } else {
      for (json& row : (*object)["rows"]) table->second["rows"].push_back(std::move(row));
    }
  }
  for (const auto& [kind, table] : tables) {
    if (&table != &tables.front().second) session.env().out << '\n';
    const auto printed = GetPrinter(session, options, kind).PrintEvent("", table);
    if (!printed) return Again(printed.error());
  }
  return worst;
}

Selection SelectionOf(Session& session, const GetOptions& options, KindInfo kind) {
  return {.kind = std::move(kind),
          .namespace_ = options.all_namespaces ? "" : session.namespace_name(),
          .labels = options.labels,
          .fields = options.fields,
          .at_least = options.at_least,
          .exact = options.at,
          .as_table = options.output.is_table()};
}

Outcome<void> PrintKind(Session& session, const GetOptions& options, const KindInfo& kind) {
  const auto list = ListAll(session, SelectionOf(session, options, kind));
  if (!list) return Again(list.error());
  return GetPrinter(session, options, kind).PrintList(*list);
}

// "binding,instance": a table each.
Outcome<Exit> GetKinds(Session& session, const GetOptions& options, std::string_view kinds) {
  if (options.watch) return Fail(Exit::kBadInput, "get -w: one kind at a time");
  bool is_first = true;
  while (!kinds.empty()) {
    const size_t end = std::min(kinds.find(','), kinds.size());
    auto kind = session.FindKind(kinds.substr(0, end));
    if (!kind) return Again(kind.error());
    if (!std::exchange(is_first, false) && options.output.is_table()) session.env().out << '\n';
    const auto printed = PrintKind(session, options, *kind);
    if (!printed) return Again(printed.error());
    kinds.remove_prefix(std::min(end + 1, kinds.size()));
  }
  return Exit::kDone;
}

Outcome<Exit> Get(Session& session, GetOptions options) {
  const auto at = PointInTime(session, "get --at", options.at);
  if (!at) return Again(at.error());
  options.at = *at;
  if (!options.at.empty() && (options.watch || !options.at_least.empty())) {
    return Fail(Exit::kBadInput,
                "get: --at reads the past; it goes with neither -w nor --at-least");
  }
  if (options.words.size() == 1 && IsNodes(options.words.front())) {
    if (options.watch || !options.at.empty() || !options.at_least.empty()) {
      return Fail(Exit::kBadInput, "get nodes: shows what is now, once");
    }
    return PrintNodes(session, options.output);
  }
  if (options.words.size() == 1 && options.words.front().find(',') != std::string::npos) {
    return GetKinds(session, options, options.words.front());
  }
  KindInfo kind;
  const auto refs = session.ParseRefs(options.words, &kind);
  if (!refs) return Again(refs.error());
  const Selection selection = SelectionOf(session, options, kind);
  GetPrinter printer(session, options, kind);
  if (refs->empty()) {
    if (options.watch) return WatchSelection(session, selection, printer);
    const auto printed = PrintKind(session, options, kind);
    if (!printed) return Again(printed.error());
    return Exit::kDone;
  }
  if (options.all_namespaces || !options.labels.empty() || !options.fields.empty()) {
    return Fail(Exit::kBadInput, "get: a named object takes neither -A nor a selector");
  }
  if (!options.watch) return GetNamed(session, *refs, selection, options);
  if (refs->size() > 1) return Fail(Exit::kBadInput, "get -w: one object at a time, or a kind");
  Selection one = OnlyObject(refs->front());
  one.as_table = selection.as_table;
  one.at_least = selection.at_least;
  return WatchSelection(session, one, printer);
}

}  // namespace

void DefineGet(CommandLine& line) {
  const auto options = std::make_shared<GetOptions>();
  Arguments verb = line.Verb("get", "Shows objects, and with -w their changes");
  verb.Words("KIND", &options->words,
             "A kind, then names; kinds with commas; KIND/NAME...; or nodes")
      .Flag("-A,--all-namespaces", &options->all_namespaces, "In all namespaces")
      .Text("-l,--selector", &options->labels, "Labels: a=b,c!=d,e")
      .Text("--field-selector", &options->fields, "Fields: status.phase=Ready")
      .Flag("-w,--watch", &options->watch, "Goes on with every change")
      .Text("--at-least", &options->at_least, "A resourceVersion to be no older than")
      .Text("--at", &options->at,
            "As it was at a position (0:17), a time (RFC 3339) or so long ago (-5m)");
  options->output.Declare(verb);
  verb.Run([options](Session& session) { return Get(session, *options); });
}

}  // namespace sluice::cli
