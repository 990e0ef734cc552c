#include "cli/forking.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/differences.h"
#include "cli/whole_log.h"
#include "engine/clock.h"
#include "replay/fork.h"
#include "replay/import.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

// "ID=VALUE".
Outcome<std::pair<std::string, std::string>> Split(std::string_view flag, const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    return Fail(Exit::kBadInput, "replay {}: '{}' is not of the form ID=VALUE", flag, text);
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Outcome<replay::ForkChanges> ChangesOf(const ForkOptions& options) {
  replay::ForkChanges changes;
  changes.drop.insert(options.drop.begin(), options.drop.end());
  for (const std::string& text : options.edit) {
    auto split = Split("--edit", text);
    if (!split) return Again(split.error());
    changes.edit[split->first] = split->second;
  }
  for (const std::string& text : options.insert) {
    auto split = Split("--insert", text);
    if (!split) return Again(split.error());
    changes.insert.emplace(split->first, split->second);
  }
  for (const std::string& text : options.delay) {
    auto split = Split("--delay", text);
    if (!split) return Again(split.error());
    const auto by = ParseDuration(split->second);
    if (!by) return Fail(Exit::kBadInput, "replay --delay: {}", by.error());
    changes.delay[split->first] = *by;
  }
  return changes;
}

// As a data directory: by the way of an export.
Outcome<void> Store(const replay::MemoryArchive& archive, const std::string& epoch,
                    const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Fail(Exit::kUnavailable, "replay --fork {}: {}", directory, error.message());
  const std::string path = directory + "/fork.sluice";
  const std::shared_ptr<void> gone(nullptr, [&](void*) { std::filesystem::remove(path, error); });
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary | std::ios::trunc);
  replay::ExportHeader header;
  header.partitions = archive.partitions();
  header.epoch = epoch;
  header.build = "fork";
  header.coverage = archive.Now();
  replay::ExportWriter writer(file, replay::ExportForm::kBinary, header);
  for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
    const auto read = archive.Read(partition, 0, [&](uint64_t at, std::string_view bytes) {
      writer.Add({.position = {partition, at}, .bytes = Bytes(bytes), .decision_json = ""});
      return true;
    });
    if (!read) return FromError(read.error());
  }
  if (const auto finished = writer.Finish(); !finished) return FromError(finished.error());
  file.seekg(0);
  auto reader = replay::ExportReader::Open(file);
  if (!reader) return FromError(reader.error());
  static const SystemClock kClock;
  replay::ImportOptions import;
  import.data_dir = directory;
  import.clock = &kClock;
  const auto imported = replay::Import(*reader, import);
  if (!imported) return FromError(imported.error());
  return {};
}

std::string_view ChangeInFork(replay::ForkDifference::Change change) {
  switch (change) {
    case replay::ForkDifference::Change::kChanged:
      return "changed";
    case replay::ForkDifference::Change::kOnlyInFork:
      return "only in the fork";
    case replay::ForkDifference::Change::kNotInFork:
      return "not in the fork";
  }
  Unreachable();
}

json ReportJson(const replay::ForkReport& report,
                const std::vector<replay::ForkDifference>& differences) {
  json result{{"decisions", report.decisions}, {"original", report.original},
              {"identical", report.identical}, {"applied", report.applied},
              {"missing", report.missing},     {"leftOut", json::array()},
              {"differences", json::array()}};
  for (const auto& one : report.left_out) {
    result["leftOut"].push_back(
        {{"position", FormatPosition(one.position.partition, one.position.sequence)},
         {"entity", one.entity},
         {"command", one.command}});
  }
  for (const auto& one : differences) {
    result["differences"].push_back(DifferenceJson(one, ChangeInFork(one.change)));
  }
  return result;
}

void PrintReport(const json& report, const std::string& directory, std::ostream& out) {
  for (const json& change : report.at("applied")) out << change.get<std::string>() << '\n';
  out << report.value("decisions", uint64_t{0}) << " decisions in the fork, "
      << report.value("original", uint64_t{0}) << " records in the original"
      << (report.value("identical", false) ? "; they are the same, byte by byte\n" : "\n");
  for (const json& one : report.at("leftOut")) {
    out << "left out: " << one.value("command", "") << " of " << one.value("entity", "") << " ("
        << one.value("position", "") << "): nothing in the fork asks for what it answers\n";
  }
  for (const json& one : report.at("missing")) {
    out << "missing: no report on " << one.get<std::string>() << " is in the record\n";
  }
  for (const json& one : report.at("differences")) {
    out << '\n';
    PrintDifference(one, out);
  }
  out << "\nLook into it with --data " << directory << '\n';
}

}  // namespace

Outcome<Exit> Fork(Session& session, const ForkOptions& options) {
  const auto changes = ChangesOf(options);
  if (!changes) return Again(changes.error());
  const auto loaded = LoadWholeLog(session, "replay --fork", "");
  if (!loaded) return Again(loaded.error());
  const auto forked = replay::MakeFork(*loaded->archive, *changes, [&](uint64_t, uint64_t) {
    return !session.env().stop.stop_requested();
  });
  if (!forked) return FromError(forked.error());
  const auto differences = replay::CompareEnds(*loaded->archive, *forked->archive);
  if (!differences) return FromError(differences.error());
  const auto stored = Store(*forked->archive, loaded->epoch, options.directory);
  if (!stored) return Again(stored.error());
  const json report = ReportJson(forked->report, *differences);
  if (options.output.is_table()) {
    PrintReport(report, options.directory, session.env().out);
  } else {
    PrintValue(report, options.output, session.env().out);
  }
  return Exit::kDone;
}

}  // namespace sluice::cli
