#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/exporting.h"
#include "cli/snapshots.h"
#include "cli/verbs/debugger_verbs.h"
#include "engine/clock.h"
#include "projections/snapshots/snapshot_files.h"
#include "replay/import.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kSuffix = ".sluice";
// Beside the log: projections to begin with, so that a restore need not fold all of it.
constexpr const char* kSnapshotSuffix = ".snapshot";

struct BackupWords {
  std::string directory;
  bool log_only = false;
  uint64_t keep = 0;
};

// The directory's backups, oldest first: their names are the times they were taken at.
std::vector<fs::path> BackupsIn(const fs::path& directory) {
  std::vector<fs::path> backups;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() == kSuffix) backups.push_back(entry.path());
  }
  std::sort(backups.begin(), backups.end());
  return backups;
}

Outcome<uint64_t> Checked(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  auto reader = replay::ExportReader::Open(in);
  if (!reader) return FromError(reader.error());
  const auto records = replay::CheckExport(*reader);
  if (!records) return FromError(records.error());
  return *records;
}

Outcome<Exit> Backup(Session& session, const BackupWords& words) {
  std::error_code error;
  fs::create_directories(words.directory, error);
  if (error) {
    return Fail(Exit::kBadInput, "backup {}: {}", words.directory, error.message());
  }
  const std::string name = NameOfTime(session.env().now());
  const fs::path path = fs::path(words.directory) / (name + kSuffix);
  const fs::path unfinished = path.string() + ".unfinished";
  const fs::path beside = fs::path(words.directory) / (name + kSnapshotSuffix);
  std::string with;
  if (!words.log_only) {
    // Before the log, which then holds what comes after it, too.
    const auto taken = TakeSnapshot(session);
    if (!taken) return Again(taken.error());
    if (auto fetched = FetchSnapshot(session, taken->value("name", ""), beside); !fetched) {
      return Again(fetched.error());
    }
    with = ", projections as of " + taken->value("coverage", "");
  }
  // A snapshot is found by its log: without one it is nothing.
  const auto give_up = [&] {
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    fs::remove_all(beside, ignored);
  };
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  if (!out) return Fail(Exit::kBadInput, "backup: {} cannot be written", unfinished.string());
  const auto result = WriteExport(session, {}, replay::ExportForm::kBinary, out);
  out.close();
  if (!result) {
    give_up();
    return Again(result.error());
  }
  // One that cannot be read is none: it is read before it gets its name.
  const auto records = Checked(unfinished);
  if (!records) {
    give_up();
    return Fail(records.error().exit, "backup: what was written does not read back: {}",
                records.error().message);
  }
  fs::rename(unfinished, path, error);
  if (error) return Fail(Exit::kUnavailable, "backup {}: {}", path.string(), error.message());
  session.env().out << path.string() << ": " << *records << " records up to "
                    << result->value("coverage", "") << with << ", read back and checked\n";
  if (words.keep == 0) return Exit::kDone;
  std::vector<fs::path> backups = BackupsIn(words.directory);
  while (backups.size() > words.keep) {
    fs::remove(backups.front(), error);
    fs::remove_all(fs::path(backups.front()).replace_extension(kSnapshotSuffix), error);
    session.env().out << backups.front().string() << ": removed\n";
    backups.erase(backups.begin());
  }
  return Exit::kDone;
}

struct RestoreWords {
  std::string from;
  std::string data = "./data";
};

Outcome<Exit> RestoreBackup(Session& session, const RestoreWords& words) {
  fs::path path = words.from;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const std::vector<fs::path> backups = BackupsIn(path);
    if (backups.empty()) {
      return Fail(Exit::kBadInput, "restore: there is no backup in {}", words.from);
    }
    path = backups.back();
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Exit::kBadInput, "restore: {} cannot be read", path.string());
  auto reader = replay::ExportReader::Open(in);
  if (!reader)
    return Fail(Exit::kBadInput, "restore {}: {}", path.string(), reader.error().message);
  static const SystemClock kClock;
  replay::ImportOptions import;
  import.data_dir = words.data;
  import.clock = &kClock;
  const auto imported = replay::Import(*reader, import);
  if (!imported) {
    return Fail(imported.error().code == ErrorCode::kIo ? Exit::kUnavailable : Exit::kBadInput,
                "restore {}: {}", path.string(), imported.error().message);
  }
  session.env().out << imported->records << " records of " << path.string() << " restored into "
                    << words.data << "; 'sluice up --data " << words.data
                    << "' goes on from there; instances are started again once 'sluice provider "
                       "take-over LOCATION --data "
                    << words.data
                    << "' says for each location that the old node's host is stopped\n";
  const fs::path beside = fs::path(path).replace_extension(kSnapshotSuffix);
  if (!fs::exists(beside, error)) return Exit::kDone;
  const auto copied = CopySnapshot(beside, fs::path(words.data) / "snapshots");
  if (!copied) {
    // The log has everything: it only takes longer.
    session.env().err << "sluice: " << beside.string() << " is left out: " << copied.error().message
                      << "; the projections are derived from the log\n";
    return Exit::kDone;
  }
  session.env().out << "projections begin with those of " << FormatCoverage(copied->coverage())
                    << '\n';
  return Exit::kDone;
}

}  // namespace

void DefineBackup(CommandLine& line) {
  const auto words = std::make_shared<BackupWords>();
  Arguments verb =
      line.Verb("backup", "Writes the whole log and a snapshot to new files, and reads them back");
  verb.Word("DIR", &words->directory, "Where backups are")
      .Flag("--log-only", &words->log_only,
            "Without a snapshot: a restore derives projections anew")
      .Number("--keep", &words->keep, "Removes the oldest but so many [all stay]");
  verb.Run([words](Session& session) { return Backup(session, *words); });
}

void DefineRestore(CommandLine& line) {
  const auto words = std::make_shared<RestoreWords>();
  Arguments verb = line.Verb("restore", "Makes a data directory of a backup");
  verb.Word("FILE|DIR", &words->from, "A backup, or a directory of them: the latest")
      .Text("--data", &words->data, "The directory, without a log [./data]");
  verb.Run([words](Session& session) { return RestoreBackup(session, *words); });
}

}  // namespace sluice::cli
