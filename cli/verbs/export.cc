#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/exporting.h"
#include "cli/kafka_config.h"
#include "cli/new_file.h"
#include "cli/verbs/debugger_verbs.h"
#include "engine/clock.h"
#include "replay/import.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

struct ExportOptions {
  std::vector<std::string> words;
  std::string file = "-";
  std::string from;
  std::string to;
  std::string only_namespace;
  bool with_causes = false;
  std::vector<std::string> redact;
  std::string form = "lines";
};

Outcome<Parameters> ExportParameters(Session& session, const ExportOptions& options) {
  const auto from = PointInTime(session, "export --from", options.from);
  if (!from) return Again(from.error());
  const auto to = PointInTime(session, "export --to", options.to);
  if (!to) return Again(to.error());
  std::string redact;
  for (const std::string& paths : options.redact) {
    if (paths.empty()) return Fail(Exit::kBadInput, "export --redact: '' names nothing to hide");
    redact += (redact.empty() ? "" : ",") + paths;
  }
  Parameters parameters{{"from", *from},
                        {"to", *to},
                        {"namespace", options.only_namespace},
                        {"causes", options.with_causes ? "true" : ""},
                        {"redact", redact},
                        {"readable", options.form == "lines" ? "true" : ""}};
  if (options.words.empty()) return parameters;
  KindInfo kind;
  const auto refs = session.ParseRefs(options.words, &kind);
  if (!refs) return Again(refs.error());
  if (refs->size() > 1)
    return Fail(Exit::kBadInput, "export: one object, or a kind, or everything");
  if (refs->empty()) {
    parameters.emplace_back("kind", kind.singular);
  } else {
    parameters.emplace_back("entity", refs->front().Key());
  }
  return parameters;
}

// What was hidden, and where something of it may still be seen.
void PrintRedaction(const json& result, std::ostream& err) {
  constexpr size_t kPlacesShownMax = 20;
  err << result.value("redactedRecords", uint64_t{0})
      << " records were redacted. The chain was made anew from the first record on, and so were "
         "the state hashes of these; that they are what the node wrote can no longer be "
         "checked:\n";
  for (const json& entity : result["hashedAnew"]) err << "  " << entity.get<std::string>() << '\n';
  for (const json& path : result.value("inNoRecord", json::array())) {
    err << path.get<std::string>() << ": in no record\n";
  }
  const json places = result.value("stillIn", json::object());
  if (places.empty()) return;
  err << "What was redacted still stands elsewhere; redact these paths, too, if they tell:\n";
  size_t shown = 0;
  for (const auto& [place, records] : places.items()) {
    if (++shown > kPlacesShownMax) break;
    err << "  " << place << "  (" << records.get<uint64_t>() << " records)\n";
  }
  if (shown > kPlacesShownMax) {
    err << "  and " << places.size() - kPlacesShownMax << " other paths\n";
  }
}

Outcome<Exit> Export(Session& session, const ExportOptions& options) {
  const auto parameters = ExportParameters(session, options);
  if (!parameters) return Again(parameters.error());
  std::optional<NewFile> file;
  if (options.file != "-") {
    file.emplace(options.file);
    if (!file->out()) return Fail(Exit::kBadInput, "export: {} cannot be written", options.file);
  }
  const auto result = WriteExport(
      session, *parameters,
      options.form == "binary" ? replay::ExportForm::kBinary : replay::ExportForm::kLines,
      file ? file->out() : session.env().out);
  if (!result) return Again(result.error());
  if (file) {
    if (auto finished = file->Finish(); !finished) return FromError(finished.error());
  }
  std::ostream& err = session.env().err;
  err << result->value("records", uint64_t{0}) << " records exported, up to "
      << result->value("coverage", "") << '\n';
  if (result->contains("hashedAnew")) PrintRedaction(*result, err);
  return Exit::kDone;
}

struct ImportWords {
  std::string file;
  std::string data = "./data";
  KafkaFlags kafka;
};

// What could not be imported whole is not begun: topics are not emptied by a second try.
Outcome<Exit> Check(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  auto reader = replay::ExportReader::Open(file);
  if (!reader) return FromError(reader.error());
  const auto checked = replay::CheckExport(*reader);
  if (!checked) return Fail(Exit::kBadInput, "import {}: {}", path, checked.error().message);
  return Exit::kDone;
}

Outcome<Exit> Import(Session& session, const ImportWords& options) {
  std::ifstream file(options.file, std::ios::binary);
  if (!file) return Fail(Exit::kBadInput, "import: {} cannot be read", options.file);
  auto reader = replay::ExportReader::Open(file);
  if (!reader) return FromError(reader.error());
  const auto kafka = ReadKafka(session, options.kafka);
  if (!kafka) return Again(kafka.error());
  if (*kafka && reader->header().complete) {
    if (auto checked = Check(options.file); !checked) return checked;
  }
  static const SystemClock kClock;
  replay::ImportOptions import;
  import.data_dir = options.data;
  import.clock = &kClock;
  import.kafka = *kafka;
  const auto imported = replay::Import(*reader, import);
  if (!imported) {
    const ErrorCode code = imported.error().code;
    const bool outside = code == ErrorCode::kIo || code == ErrorCode::kUnavailable;
    return Fail(outside ? Exit::kUnavailable : Exit::kBadInput, "import {}: {}", options.file,
                imported.error().message);
  }
  session.env().out << imported->records << " records imported into "
                    << (*kafka ? "cluster " + (*kafka)->cluster : options.data) << ", "
                    << imported->partitions << " partitions, epoch " << imported->epoch << '\n';
  if (imported->undecided > 0) {
    session.env().out << imported->undecided
                      << " follow-ups were not decided yet; a node decides them when it starts\n";
  }
  return Exit::kDone;
}

}  // namespace

void DefineExport(CommandLine& line) {
  const auto options = std::make_shared<ExportOptions>();
  Arguments verb = line.Verb("export", "Writes the log, or a part of it, to a file");
  verb.Words("KIND/NAME", &options->words, "The decisions about an object or a kind [everything]",
             false)
      .Text("-f,--into", &options->file, "Where to [-, standard output]")
      .Text("--from", &options->from, "From a position, a time, or so long ago (-5m)")
      .Text("--to", &options->to, "Up to there [now]")
      .Text("--only-namespace", &options->only_namespace, "Objects of this namespace only [all]")
      .Flag("--with-causes", &options->with_causes, "And the decisions that led to them")
      .Texts("--redact", &options->redact, "Paths to hide, with commas: spec.template,spec.runtime")
      .Choice("-o,--output", &options->form, {"lines", "binary"},
              "JSON lines with readable decisions, or binary [lines]");
  verb.Run([options](Session& session) { return Export(session, *options); });
}

void DefineImport(CommandLine& line) {
  const auto options = std::make_shared<ImportWords>();
  Arguments verb =
      line.Verb("import", "Makes a data directory, or Kafka topics, of an exported log");
  verb.Word("FILE", &options->file, "What 'sluice export' wrote, whole")
      .Text("--data", &options->data, "The directory, without a log [./data]");
  DefineKafkaFlags(verb, &options->kafka);
  verb.Number("--replication", &options->kafka.replication,
              "With --kafka: of topics that are to be made [1]");
  verb.Run([options](Session& session) { return Import(session, *options); });
}

}  // namespace sluice::cli
