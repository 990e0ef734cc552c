// How measurements are shown.
#pragma once

#include <string>
#include <vector>

#include "bench/measurement.h"

namespace sluice::bench {

// A JSON array of {"name", "per_s", "yardstick_per_s", "ratio", "p50_us", "p99_us", "rss_bytes"},
// null where a measurement does not have it; and "bytes_per_decision" where one has.
std::string ReportJson(const std::vector<Measurement>& measurements);

// Headings, and a row of cells per measurement.
std::vector<std::string> ReportHeadings();
std::vector<std::string> ReportCells(const Measurement& measurement);

}  // namespace sluice::bench
