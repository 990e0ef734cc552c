// Exported logs: records with their positions and bytes as they stand in the log, as JSON lines to
// read or in binary to keep. docs/formats/export.md has the grammar of both.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"
#include "projections/resource_version.h"

namespace sluice::replay {

inline constexpr int kExportFormat = 1;

struct ExportHeader {
  int format = kExportFormat;
  uint32_t partitions = 0;
  std::string epoch;     // hex, of the log it was taken from
  std::string build;     // that wrote the file
  bool complete = true;  // every record from the first on: it can be imported
  std::string filter;    // what was chosen, as JSON; empty: everything
  // Paths that were redacted. Their records were chained and hashed anew.
  std::vector<std::string> redacted;
  Coverage coverage;  // one past the last record that could be in it, per partition
};

struct ExportedRecord {
  DecisionPosition position;
  Bytes bytes;
  std::string decision_json;  // for the reader of JSON lines; may be empty
};

enum class ExportForm : uint8_t { kLines, kBinary };

// Used by one thread.
class ExportWriter {
 public:
  // Writes the header at once.
  ExportWriter(std::ostream& out, ExportForm form, const ExportHeader& header);
  void Add(const ExportedRecord& record);
  // The end, without which a reader takes the file for cut. kIo: something could not be written.
  Result<void> Finish();
  uint64_t records() const { return records_; }

 private:
  std::ostream& out_;
  const ExportForm form_;
  uint64_t records_ = 0;
  Hash128 sum_;
};

// Used by one thread.
class ExportReader {
 public:
  // Either form. kInvalid: no export, or of a newer format. kCorruption: its header is damaged.
  static Result<ExportReader> Open(std::istream& in);

  const ExportHeader& header() const { return header_; }
  // Nothing comes any more.
  bool ended() const { return ended_; }
  // The next record; nullopt at the end. kCorruption says which record is cut or changed; in the
  // line form, and in binary as long as lengths make sense, the next call goes on behind it.
  Result<std::optional<ExportedRecord>> Next();

 private:
  ExportReader(std::istream& in, ExportForm form) : in_(&in), form_(form) {}
  Result<void> ReadHeader(const std::string& first_line);
  Result<std::optional<ExportedRecord>> NextLine();
  Result<std::optional<ExportedRecord>> NextBinary();
  tl::unexpected<Error> Damaged(std::string what);

  std::istream* in_;
  ExportForm form_;
  ExportHeader header_;
  uint64_t records_ = 0;  // good ones
  uint64_t number_ = 0;   // of the record at hand, from 1 on
  Hash128 sum_;
  bool damaged_ = false;
  bool ended_ = false;
};

}  // namespace sluice::replay
