// Texts that are redacted where they were looked for, and stand elsewhere: a value is carried on
// into other kinds, under other paths.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "events/envelope.gen.h"

namespace sluice::replay {

// Used by one thread: first all records are learned from, then all redacted ones looked into.
// Texts shorter than six characters are found anywhere, names of entities are never hidden: neither
// is looked for.
class Leftovers {
 public:
  explicit Leftovers(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // What the paths hide in a record as it stands in the log. Bytes that are none say nothing.
  void Learn(std::string_view bytes);
  // What of that is still in a redacted one.
  void Look(std::string_view bytes);

  // "instance InstanceCreated spec.runtime", and in how many records.
  const std::map<std::string, uint64_t>& places() const { return places_; }

 private:
  const std::vector<std::string> paths_;
  std::unordered_set<uint64_t> hidden_;  // hashes of texts
  std::unordered_set<uint64_t> names_;   // and of these
  std::map<std::string, uint64_t> places_;
};

}  // namespace sluice::replay
