#include "replay/export_file.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "events/json_writer.h"

namespace sluice::replay {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBinaryMagic = "SLUICE-EXPORT\n";
constexpr uint32_t kEndMark = 0xffffffff;
constexpr uint32_t kRecordBytesMax = 64U << 20;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string HeaderJson(const ExportHeader& header) {
  Json json{{"sluice", "export"},
            {"format", header.format},
            {"partitions", header.partitions},
            {"epoch", header.epoch},
            {"build", header.build},
            {"complete", header.complete},
            {"coverage", FormatCoverage(header.coverage)}};
  if (!header.filter.empty()) json["filter"] = header.filter;
  if (!header.redacted.empty()) json["redacted"] = header.redacted;
  return Dump(json);
}

void AppendNumber(std::string* out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

uint64_t ReadNumber(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

// The position is part of what is hashed, so that a record cannot take another's place.
Hash128 HashOf(const DecisionPosition& position, std::string_view bytes) {
  return Xxh128(bytes) + Xxh128(FormatPosition(position.partition, position.sequence));
}

bool ReadExactly(std::istream& in, size_t size, std::string* out) {
  out->resize(size);
  in.read(out->data(), static_cast<std::streamsize>(size));
  return static_cast<size_t>(in.gcount()) == size;
}

}  // namespace

ExportWriter::ExportWriter(std::ostream& out, ExportForm form, const ExportHeader& header)
    : out_(out), form_(form) {
  const std::string json = HeaderJson(header);
  if (form_ == ExportForm::kBinary) out_ << kBinaryMagic;
  out_ << json << '\n';
}

void ExportWriter::Add(const ExportedRecord& record) {
  const Hash128 hash = HashOf(record.position, record.bytes);
  ++records_;
  sum_ += hash;
  if (form_ == ExportForm::kBinary) {
    std::string head;
    AppendNumber(&head, record.bytes.size(), 4);
    AppendNumber(&head, record.position.partition, 4);
    AppendNumber(&head, record.position.sequence, 8);
    out_ << head << ToBytes(hash) << record.bytes;
    return;
  }
  out_ << R"({"position":")" << FormatPosition(record.position.partition, record.position.sequence)
       << R"(","hash":")" << ToHex(hash) << R"(","record":")" << EncodeBase64(record.bytes) << '"';
  if (!record.decision_json.empty()) out_ << ",\"decision\":" << record.decision_json;
  out_ << "}\n";
}

Result<void> ExportWriter::Finish() {
  if (form_ == ExportForm::kBinary) {
    std::string end;
    AppendNumber(&end, kEndMark, 4);
    AppendNumber(&end, records_, 8);
    out_ << end << ToBytes(sum_);
  } else {
    out_ << R"({"end":true,"records":)" << records_ << R"(,"hash":")" << ToHex(sum_) << "\"}\n";
  }
  out_.flush();
  if (!out_.good()) return Err(ErrorCode::kIo, "the export could not be written");
  return {};
}

Result<ExportReader> ExportReader::Open(std::istream& in) {
  std::string line;
  std::getline(in, line);
  if (line + "\n" == kBinaryMagic) {
    ExportReader reader(in, ExportForm::kBinary);
    std::getline(in, line);
    if (auto read = reader.ReadHeader(line); !read) return tl::unexpected(read.error());
    return reader;
  }
  ExportReader reader(in, ExportForm::kLines);
  if (auto read = reader.ReadHeader(line); !read) return tl::unexpected(read.error());
  return reader;
}

Result<void> ExportReader::ReadHeader(const std::string& first_line) {
  const Json json = Json::parse(first_line, nullptr, false);
  if (!json.is_object() || json.value("sluice", "") != "export") {
    return Err(ErrorCode::kInvalid, "this is no export of Sluice: it begins with '{}'",
               first_line.substr(0, 40));
  }
  try {
    header_.format = json.at("format");
    if (header_.format > kExportFormat) {
      return Err(ErrorCode::kInvalid,
                 "the export is of format {}, written by build {}; this build reads up to {}",
                 header_.format, json.value("build", "?"), kExportFormat);
    }
    header_.partitions = json.at("partitions");
    header_.epoch = json.at("epoch");
    header_.build = json.at("build");
    header_.complete = json.at("complete");
    header_.filter = json.value("filter", "");
    for (const Json& path : json.value("redacted", Json::array())) {
      header_.redacted.push_back(path);
    }
    if (header_.partitions == 0 || header_.partitions > 65'536) {
      return Err(ErrorCode::kCorruption, "the export's header says {} partitions",
                 header_.partitions);
    }
    const auto coverage =
        ParseResourceVersion(json.at("coverage").get<std::string>(), header_.partitions);
    if (!coverage || !std::holds_alternative<Coverage>(*coverage)) {
      return Err(ErrorCode::kCorruption, "the export's header has no coverage");
    }
    header_.coverage = std::get<Coverage>(*coverage);
  } catch (const Json::exception& error) {
    return Err(ErrorCode::kCorruption, "the export's header cannot be read: {}", error.what());
  }
  return {};
}

tl::unexpected<Error> ExportReader::Damaged(std::string what) {
  damaged_ = true;
  return Err(ErrorCode::kCorruption, "record {} of the export {}", number_, what);
}

Result<std::optional<ExportedRecord>> ExportReader::Next() {
  if (ended_) return std::optional<ExportedRecord>();
  ++number_;
  auto record = form_ == ExportForm::kLines ? NextLine() : NextBinary();
  if (!record || !*record) return record;
  ++records_;
  sum_ += HashOf((*record)->position, (*record)->bytes);
  return record;
}

Result<std::optional<ExportedRecord>> ExportReader::NextLine() {
  std::string line;
  if (!std::getline(*in_, line)) {
    ended_ = true;
    return Err(ErrorCode::kCorruption, "the export is cut behind record {}: its end is missing",
               number_ - 1);
  }
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) {
    return Damaged(in_->eof() ? "is cut in the middle" : "is no JSON object");
  }
  if (json.contains("end")) {
    ended_ = true;
    const auto said = json.value("records", uint64_t{0});
    if (!damaged_ && (said != records_ || json.value("hash", "") != ToHex(sum_))) {
      return Err(ErrorCode::kCorruption,
                 "the export's end speaks of {} records, {} were read: some are missing or changed",
                 said, records_);
    }
    return std::optional<ExportedRecord>();
  }
  ExportedRecord record;
  const auto position = ParseResourceVersion(json.value("position", ""), header_.partitions);
  if (!position || !std::holds_alternative<DecisionPosition>(*position)) {
    return Damaged("has no position of this log");
  }
  record.position = std::get<DecisionPosition>(*position);
  const std::string where = FormatPosition(record.position.partition, record.position.sequence);
  if (!json.contains("record") || !json["record"].is_string() ||
      !DecodeBase64(json["record"].get_ref<const std::string&>(), &record.bytes)) {
    return Damaged("(" + where + ") has no bytes that can be read");
  }
  if (json.value("hash", "") != ToHex(HashOf(record.position, record.bytes))) {
    return Damaged("(" + where + ") was changed: its hash is another");
  }
  return std::optional(std::move(record));
}

Result<std::optional<ExportedRecord>> ExportReader::NextBinary() {
  constexpr size_t kHeadRest = 4 + 8 + 16;
  std::string head;
  const auto cut = [&] {
    ended_ = true;
    return Err(ErrorCode::kCorruption, "the export is cut at record {}: its end is missing",
               number_);
  };
  if (!ReadExactly(*in_, 4, &head)) return cut();
  const auto size = static_cast<uint32_t>(ReadNumber(head));
  if (size == kEndMark) {
    ended_ = true;
    if (!ReadExactly(*in_, 8 + 16, &head)) return cut();
    const uint64_t said = ReadNumber(std::string_view(head).substr(0, 8));
    if (!damaged_ &&
        (said != records_ || Hash128FromBytes(std::string_view(head).substr(8)) != sum_)) {
      return Err(ErrorCode::kCorruption,
                 "the export's end speaks of {} records, {} were read: some are missing or changed",
                 said, records_);
    }
    return std::optional<ExportedRecord>();
  }
  if (size > kRecordBytesMax) {
    ended_ = true;
    return Damaged(fmt::format("says it has {} bytes; nothing behind it can be read", size));
  }
  ExportedRecord record;
  if (!ReadExactly(*in_, kHeadRest, &head)) return cut();
  record.position.partition =
      static_cast<uint32_t>(ReadNumber(std::string_view(head).substr(0, 4)));
  record.position.sequence = ReadNumber(std::string_view(head).substr(4, 8));
  const Hash128 hash = Hash128FromBytes(std::string_view(head).substr(12));
  if (!ReadExactly(*in_, size, &record.bytes)) return cut();
  const std::string where = FormatPosition(record.position.partition, record.position.sequence);
  if (record.position.partition >= header_.partitions ||
      hash != HashOf(record.position, record.bytes)) {
    return Damaged("(" + where + ") was changed: its hash is another");
  }
  return std::optional(std::move(record));
}

}  // namespace sluice::replay
