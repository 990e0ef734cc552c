#include "projections/empty_ranges.h"

#include <algorithm>

namespace sluice {

EmptyRanges::Ends::const_iterator EmptyRanges::Holding(std::string_view row) const {
  auto after = ends_.upper_bound(row);
  if (after == ends_.begin()) return ends_.end();
  const auto before = std::prev(after);
  return row < before->second ? before : ends_.end();
}

void EmptyRanges::Add(std::string_view begin, std::string_view end) {
  if (begin >= end) return;
  std::string first(begin);
  std::string last(end);
  auto at = ends_.upper_bound(first);
  if (at != ends_.begin() && std::prev(at)->second >= first) {
    --at;
    first = at->first;
  }
  while (at != ends_.end() && at->first <= last) {
    last = std::max(last, at->second);
    at = ends_.erase(at);
  }
  if (ends_.size() >= kRangesMax) ends_.clear();
  ends_.emplace(std::move(first), std::move(last));
}

void EmptyRanges::Forget(std::string_view row) {
  const auto found = Holding(row);
  if (found == ends_.end()) return;
  const std::string begin = found->first;
  const std::string end = found->second;
  ends_.erase(found);
  if (begin < row) ends_.emplace(begin, std::string(row));
  // The smallest row above is this one with a zero byte behind it.
  const std::string next = std::string(row) + '\0';
  if (next < end) ends_.emplace(next, end);
}

std::optional<std::string_view> EmptyRanges::EndOf(std::string_view row) const {
  const auto found = Holding(row);
  if (found == ends_.end()) return std::nullopt;
  return found->second;
}

}  // namespace sluice
