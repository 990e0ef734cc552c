#include "bench/report.h"

#include <fmt/format.h>

#include <cmath>

namespace sluice::bench {
namespace {

std::string JsonNumber(const std::optional<double>& value, int digits) {
  if (!value || !std::isfinite(*value)) return "null";
  return fmt::format("{:.{}f}", *value, digits);
}

std::string Cell(const std::optional<double>& value, int digits) {
  return value && std::isfinite(*value) ? fmt::format("{:.{}f}", *value, digits) : "-";
}

}  // namespace

std::string ReportJson(const std::vector<Measurement>& measurements) {
  std::string text = "[";
  for (const Measurement& one : measurements) {
    text += text.size() == 1 ? "\n  {" : ",\n  {";
    text += fmt::format("\"name\": \"{}\"", one.name);
    text += ", \"per_s\": " + JsonNumber(one.per_s, 1);
    text += ", \"yardstick_per_s\": " + JsonNumber(one.yardstick_per_s, 1);
    text += ", \"ratio\": " + JsonNumber(one.ratio, 3);
    text += ", \"p50_us\": " + JsonNumber(one.p50_us, 1);
    text += ", \"p99_us\": " + JsonNumber(one.p99_us, 1);
    text += ", \"rss_bytes\": " + (one.rss_bytes ? fmt::format("{}", *one.rss_bytes) : "null");
    if (one.bytes_per_decision) {
      text += ", \"bytes_per_decision\": " + JsonNumber(one.bytes_per_decision, 1);
    }
    if (one.count) text += ", \"count\": " + JsonNumber(one.count, 2);
    text += "}";
  }
  return text + "\n]\n";
}

std::vector<std::string> ReportHeadings() {
  return {"NAME",   "PER SECOND", "YARDSTICK",      "RATIO", "P50 US",
          "P99 US", "RSS MIB",    "BYTES/DECISION", "COUNT", "TARGET"};
}

std::vector<std::string> ReportCells(const Measurement& one) {
  std::optional<double> rss;
  if (one.rss_bytes) rss = static_cast<double>(*one.rss_bytes) / (1 << 20);
  return {one.name,
          Cell(one.per_s, 0),
          Cell(one.yardstick_per_s, 0),
          Cell(one.ratio, 2),
          Cell(one.p50_us, 0),
          Cell(one.p99_us, 0),
          Cell(rss, 0),
          Cell(one.bytes_per_decision, 0),
          Cell(one.count, 1),
          one.target.empty() ? "-" : one.target};
}

}  // namespace sluice::bench
