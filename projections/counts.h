// How many objects of each kind are in each phase. Kept in memory, written where it changed.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace sluice {

// Threadsafe.
class Counts {
 public:
  using Key = std::pair<std::string, uint8_t>;  // kind, phase

  void Set(Key key, uint64_t count);
  // Adds to what is there; returns the counts that came out.
  std::map<Key, uint64_t> Add(const std::map<Key, int64_t>& changes);
  std::map<Key, uint64_t> All() const;
  void Clear();

 private:
  mutable std::mutex mutex_;
  std::map<Key, uint64_t> counts_;
};

}  // namespace sluice
