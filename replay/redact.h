// Redaction: a log without what must not leave the house.
//
// What stands at the given paths is replaced in every command, event, effect and reply. The log
// stays one that folds: records are chained anew, and the state hashes of entities that lost
// something are those of what is left. So everything can still be verified but for one thing: that
// the redacted records are those the node wrote.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "replay/partition_fold.h"

namespace sluice::replay {

// Replaces what is at `path` (a.b.c; lists and maps on the way are gone through) within the table:
// texts by "redacted-" and a hash of them, so that equal ones stay equal; everything else by
// nothing. Of text that is JSON all goes, also where the path leads into it. False: nothing is
// there.
bool RedactPath(const Type& type, void* table, std::string_view path);

// kInvalid: no object, command or event of these kinds has anything at `path` that RedactPath would
// replace, so that it is mistyped.
Result<void> CheckRedactPath(const KindRegistry& kinds, std::string_view path);

// The same for a path that begins at any table in there: an object's spec is carried by commands,
// their results, reservations and whatever else holds one.
bool RedactWithin(const Type& type, void* table, std::string_view path);
bool RedactWithin(AnyTable* any, std::string_view path);
// And within all that a decision carries.
bool RedactDecision(Decision* decision, std::string_view path);

// One partition, record by record from the first on.
class Redactor {
 public:
  // `paths` are of objects and of what carries them: spec.template.spec.runtime.
  Redactor(const KindRegistry& kinds, uint32_t partition, std::vector<std::string> paths);

  // kCorruption, kUnknownType: the log does not fold.
  Result<Bytes> Redact(std::string_view bytes);

  uint64_t redacted() const { return redacted_; }                     // records that lost something
  const std::set<std::string>& entities() const { return touched_; }  // hashed anew
  const std::set<std::string>& found() const { return found_; }       // paths where something was

 private:
  const std::vector<std::string> paths_;
  PartitionFold fold_;  // of what comes out
  std::set<std::string> touched_;
  std::set<std::string> found_;
  Hash128 chain_;
  uint64_t redacted_ = 0;
};

}  // namespace sluice::replay
