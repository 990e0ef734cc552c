// EmptyRanges: where, among the rows of one entity's items, a scan found nothing but what was
// erased.
//
// RocksDB keeps an erased row until it is compacted away, and a scan walks over it. A set whose
// first items leave one after the other, a queue, would cost more with every item that left. What
// was walked over once is remembered here and jumped over the next time.
//
// It only ever holds ranges that are empty: whoever writes a row says so before (Forget). Bounded:
// beyond kRangesMax the shortest-lived knowledge, all of it, is dropped. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

class EmptyRanges {
 public:
  static constexpr size_t kRangesMax = 256;

  // There is no row from `begin` up to, without, `end`. Joins what it touches.
  void Add(std::string_view begin, std::string_view end);
  // `row` is about to be written.
  void Forget(std::string_view row);
  // The end of the range that holds `row`; none when it may be there.
  std::optional<std::string_view> EndOf(std::string_view row) const;
  size_t size() const { return ends_.size(); }

 private:
  using Ends = std::map<std::string, std::string, std::less<>>;  // by begin; apart from each other

  Ends::const_iterator Holding(std::string_view row) const;

  Ends ends_;
};

}  // namespace sluice
